package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series/localseries"
)

// scratchNames are the names of folders for sorting, beside the store.
const scratchNames = "sort-*"

// scratchPlace returns beside what a store for sorting is made: the store, or what
// is temporary on this machine if that is a server's.
func (o *opened) scratchPlace() string {
	if o.engine == nil {
		return filepath.Join(os.TempDir(), "series")
	}
	return o.path
}

// newScratch makes a store for sorting, beside the store at path. What a process
// that was killed has left of such is removed.
func newScratch(path string) (*marketfile.Scratch, error) {
	above := filepath.Dir(path)
	if err := removeScratches(above); err != nil {
		return nil, fault.DiskFailed.Errorf("%w", err)
	}
	folder, err := os.MkdirTemp(above, scratchNames)
	if err != nil {
		return nil, fault.DiskFailed.Errorf("%w", err)
	}
	store, err := localseries.Open(folder, nil)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return &marketfile.Scratch{
		Store: store, Folder: folder,
		Free:   func() (int64, error) { return freeIn(folder) },
		Remove: func() error { return os.RemoveAll(folder) },
	}, nil
}

func removeScratches(above string) error {
	left, err := filepath.Glob(filepath.Join(above, scratchNames))
	if err != nil {
		return err
	}
	for _, folder := range left {
		unlock, err := disk.Lock(folder)
		if held := (*disk.HeldError)(nil); errors.As(err, &held) {
			continue // somebody is sorting
		}
		if err != nil {
			return err
		}
		if err := errors.Join(unlock(), os.RemoveAll(folder)); err != nil {
			return err
		}
	}
	return nil
}

// freeIn returns how many bytes may be written in a folder, as many as there can
// be where that is not known.
func freeIn(folder string) (int64, error) {
	f, err := disk.Open(folder)
	if err != nil {
		return 0, fault.DiskFailed.Errorf("%w", err)
	}
	free, err := f.Free()
	if errors.Is(err, errors.ErrUnsupported) {
		return 1<<63 - 1, nil
	}
	if err != nil {
		return 0, fault.DiskFailed.Errorf("%w", err)
	}
	return free, nil
}
