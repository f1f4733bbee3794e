// Package raw moves bytes that mean nothing: what a machine can do at most, which
// benchmarks are held against.
package raw

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Bytes returns n bytes to write.
func Bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 167 >> 3) // a file system may treat zeros otherwise
	}
	return b
}

// WriteSynced writes b and makes it durable.
func WriteSynced(f *os.File, b []byte) error {
	if _, err := f.Write(b); err != nil {
		return err
	}
	return syncData(f)
}

// Read reads a file, which is in the page cache if it was read before.
func Read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, 256<<10)
	for {
		if _, err := f.Read(buf); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// SyncDir makes the names in a folder durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Size returns the bytes of all files below dir.
func Size(dir string) (int64, error) {
	total := int64(0)
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a file that its owner removed in between
		}
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}
