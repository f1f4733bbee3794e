package disk

import (
	"fmt"
	"os"
	"path/filepath"
)

// Open returns the directory at path, and makes it and those above it if they
// do not exist.
func Open(path string) (Folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := makeAll(path); err != nil {
		return nil, err
	}
	return folder(path), nil
}

// makeAll makes a directory, and makes its name durable.
func makeAll(path string) error {
	if at, err := os.Stat(path); err == nil && at.IsDir() {
		return nil
	}
	if parent := filepath.Dir(path); parent != path {
		if err := makeAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o750); err != nil && !os.IsExist(err) {
		return full(err)
	}
	return folder(filepath.Dir(path)).Sync()
}

// A folder is a directory of the operating system, by its path.
type folder string

func (d folder) Path(name string) string { return filepath.Join(string(d), name) }

func (d folder) Create(name string) (File, error) {
	return open(d.Path(name), os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func (d folder) Open(name string) (File, error) { return open(d.Path(name), os.O_RDWR) }

func open(path string, flag int) (File, error) {
	f, err := os.OpenFile(path, flag, 0o640)
	if err != nil {
		return nil, full(err)
	}
	return file{f}, nil
}

func (d folder) Rename(from, to string) error { return full(os.Rename(d.Path(from), d.Path(to))) }

func (d folder) Remove(name string) error { return os.Remove(d.Path(name)) }

func (d folder) List() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (d folder) Sync() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	defer f.Close()
	return syncFolder(f)
}

func (d folder) Free() (int64, error) { return free(string(d)) }

// A file is one of the operating system.
type file struct{ *os.File }

func (f file) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(b, at)
	return n, full(err)
}

func (f file) Truncate(size int64) error { return full(f.File.Truncate(size)) }

func (f file) Sync() error { return full(syncFile(f.File)) }

func (f file) Size() (int64, error) {
	at, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return at.Size(), nil
}

// full says of an error that the disk is full if it means that.
func full(err error) error {
	if err != nil && isFull(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// IsFull reports whether an error of package os means that the disk, or a quota on
// it, is full.
func IsFull(err error) bool { return isFull(err) }
