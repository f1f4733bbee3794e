package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
	return together(do(o), o.Close())
}

// together returns errors as one, nil if none is left.
func together(all ...error) error {
	var left fault.List
	for _, err := range all {
		if err != nil {
			left = append(left, err)
		}
	}
	return left.Err()
}

// seriesPath returns the folder of the store, by the flag or else by the
// configuration.
func (p *program) seriesPath() (string, error) {
	layers, c, err := p.settings()
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
	files, err := filesIn(path)
	switch {
	case err != nil || slices.ContainsFunc(files, ofStore):
		return err
	case mustExist:
		return noStore(path)
	case len(files) > 0:
		return fault.DiskNotEmpty.Errorf("%s has files in it, %s among them", path, files[0].Name())
	}
	return nil
}

// filesIn returns what is in a folder, nothing if it does not exist.
func filesIn(path string) ([]fs.DirEntry, error) {
	if err := wantFolder(path); err != nil {
		return nil, err
	}
	files, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.DiskFailed.Errorf("%w", err)
	}
	return files, nil
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
