package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

// opened is the series store that a command works on.
type opened struct {
	*series.Store
	data   *redfire.Data
	engine *localseries.Engine // nil if the store is that of a server
	path   string              // its folder, or the address of the server
}

// openSeries opens the series store of the data folder, or of a server. A folder
// that must exist is not made.
func (p *program) openSeries(ctx context.Context, mustExist bool) (*opened, error) {
	c, err := p.seriesConfig()
	if err != nil {
		return nil, err
	}
	o := &opened{path: string(c.Series.URL)}
	if o.path == "" {
		o.path = redfire.SeriesFolder(c)
		if err := checkStore(o.path, mustExist); err != nil {
			return nil, err
		}
	}
	if o.data, err = redfire.Open(ctx, c, &redfire.Options{Lang: p.lang}); err != nil {
		return nil, bare(err)
	}
	o.Store, o.engine = o.data.Series, o.data.LocalSeries()
	if o.engine != nil {
		for _, t := range o.engine.Torn() {
			p.warn(tornWarning, t.Bytes, t.File)
		}
	}
	return o, nil
}

// bare returns the error of opening without what was being done: the command says
// it.
func bare(err error) error {
	if cause := errors.Unwrap(err); cause != nil && fault.KindOf(cause) != "" {
		return cause
	}
	return err
}

// Close closes everything that was opened.
func (o *opened) Close() error { return o.data.Close() }

// withSeries does something with the store, which must exist, and closes it.
func (p *program) withSeries(ctx context.Context, do func(*opened) error) error {
	o, err := p.openSeries(ctx, true)
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

// seriesConfig returns the configuration with what the flags say of where the
// series are.
func (p *program) seriesConfig() (*config.Config, error) {
	layers, settled, err := p.settings()
	if err != nil {
		return nil, err
	}
	c := *settled
	c.SQL = nil // it is none of these commands' business, and costs a file
	if p.server != "" && p.data != "" {
		return nil, fault.CommandUsage.Errorf("--server and --data exclude each other")
	}
	switch {
	case p.server != "":
		err = p.setServer(&c)
	case p.data != "":
		c.Data, c.Series.URL = config.Path(p.data), ""
		err = wantFolder(p.data)
	case c.Series.URL == "":
		err = wantFolder(string(c.Data))
	case !isServer(c.Series.URL):
		err = p.noEngine(layers, c.Series.URL)
	}
	return &c, err
}

// setServer makes the series those of the server that a flag names.
func (p *program) setServer(c *config.Config) error {
	c.Series.URL = config.URL(p.server)
	if !isServer(c.Series.URL) {
		return fault.CommandUsage.Errorf("--server %q is not written as http://127.0.0.1:8600", c.Series.URL)
	}
	if p.tokenFile == "" {
		return nil
	}
	token, err := config.ReadSecret(config.Path(p.tokenFile))
	c.Series.Token = token
	return fault.At(fault.Place{Field: "--token-file"}, err)
}

// isServer reports whether an address is that of a RedFire server.
func isServer(u config.URL) bool { return u.Scheme() == "http" || u.Scheme() == "https" }

// noEngine says of an address of the configuration that there is no engine for it.
func (p *program) noEngine(layers *config.Layers, u config.URL) error {
	known, err := layers.Explain("series.url")
	if err != nil {
		return err
	}
	at := known[0].Origin
	at.Field = known[0].Path
	return fault.At(at, fault.CommandNoEngine.Errorf("the series are in %s; the engine for it does not exist yet", u))
}

// seriesPath returns the folder of the store, for what is done to files.
func (p *program) seriesPath() (string, error) {
	c, err := p.seriesConfig()
	if err != nil {
		return "", err
	}
	if c.Series.URL != "" {
		return "", fault.CommandUsage.Errorf("this is done where the files are, not by a server: %s", c.Series.URL)
	}
	return redfire.SeriesFolder(c), nil
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
