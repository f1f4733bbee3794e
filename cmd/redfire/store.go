package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

// opened is the series store that a command works on.
type opened struct {
	*series.Store
	engine *localseries.Engine
	path   string
}

// openSeries opens the series store of the data folder. One that must exist is
// not made.
func (p *program) openSeries(mustExist bool) (*opened, error) {
	path, err := p.seriesPath()
	if err != nil {
		return nil, err
	}
	if err := checkStore(path, mustExist); err != nil {
		return nil, err
	}
	engine, err := localseries.NewEngine(path, nil)
	if err != nil {
		return nil, err
	}
	for _, t := range engine.Torn() {
		p.warn(tornWarning, t.Bytes, t.File)
	}
	return &opened{series.New(engine, nil), engine, path}, nil
}

// withSeries does something with the store, which must exist, and closes it.
func (p *program) withSeries(do func(*opened) error) error {
	o, err := p.openSeries(true)
	if err != nil {
		return err
	}
	var failed fault.List
	for _, err := range []error{do(o), o.Close()} {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed.Err()
}

// seriesPath returns the folder of the store, by the flag or else by the
// configuration.
func (p *program) seriesPath() (string, error) {
	layers, err := config.Read(p.options())
	if err != nil {
		return "", err
	}
	c, err := layers.Config()
	if err != nil {
		return "", err
	}
	if c.Series.URL != "" {
		known, err := layers.Explain("series.url")
		if err != nil {
			return "", err
		}
		at := known[0].Origin
		at.Field = known[0].Path
		return "", fault.At(at, fault.CommandNoEngine.Errorf("the series are in %s; the engine for it does not exist yet", c.Series.URL))
	}
	data := string(c.Data)
	if p.data != "" {
		data = p.data
	}
	if err := wantFolder(data); err != nil {
		return "", err
	}
	return filepath.Join(data, "series"), nil
}

// wantFolder returns an error if something else than a folder stands at path.
func wantFolder(path string) error {
	about, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fault.DiskFailed.Errorf("%w", err)
	case !about.IsDir():
		return fault.CommandFolder.Errorf("%s is a file, not a folder", path)
	}
	return nil
}

// checkStore returns an error if the folder at path cannot be opened as a store:
// opening would make one of it.
func checkStore(path string, mustExist bool) error {
	if err := wantFolder(path); err != nil {
		return err
	}
	files, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fault.DiskFailed.Errorf("%w", err)
	case slices.ContainsFunc(files, ofStore):
		return nil
	}
	if mustExist {
		return noStore(path)
	}
	if len(files) > 0 {
		return fault.DiskNotEmpty.Errorf("%s has files in it, %s among them", path, files[0].Name())
	}
	return nil
}

// noStore says what is there instead, if that is what was meant.
func noStore(path string) error {
	above := filepath.Dir(path)
	if files, err := os.ReadDir(above); err == nil && slices.ContainsFunc(files, ofStore) {
		return fault.CommandNoStore.Errorf("there is no store of series in %s; is the data folder %s?", path, filepath.Dir(above))
	}
	return fault.CommandNoStore.Errorf("there is no store of series in %s; \"redfire bars import\" makes one", path)
}

// ofStore reports whether a file is one that only a store has.
func ofStore(f fs.DirEntry) bool {
	return f.Name() == "log" && f.IsDir() || f.Name() == "root.a" || f.Name() == "root.b" || strings.HasPrefix(f.Name(), "segment-")
}
