// Package disk is what an engine needs of a file system, and no more.
//
// A [Folder] is one directory of files. [Open] returns one of the operating
// system's. Package disktest has another, which loses power, fills up and fails
// when a test wants it to.
//
// What was written is there after a crash of the process. After a crash of the
// machine it is there if [File.Sync] returned after it, and if [Folder.Sync]
// returned after the file got its name.
package disk

import (
	"errors"
	"io"
	"io/fs"
)

// ErrFull means that the disk, or a quota on it, is full.
var ErrFull = errors.New("no space left on the disk")

// A Folder is a directory. Names in it have no separators. Its methods may be
// called concurrently.
//
// A file that does not exist is [fs.ErrNotExist], one that should not
// [fs.ErrExist], and want of space [ErrFull].
type Folder interface {
	// Create makes a new file for reading and writing.
	Create(name string) (File, error)

	// Open opens a file for reading and writing.
	Open(name string) (File, error)

	// Rename gives a file another name, and takes that from the file that had
	// it, at once.
	Rename(from, to string) error

	// Remove removes a file. Those who have it open go on.
	Remove(name string) error

	// List returns the names of the files, in order.
	List() ([]string, error)

	// Sync makes all names durable. Those that changed since the last time may
	// have become so before, in any order. After an error another Sync may succeed.
	Sync() error

	// Free returns how many bytes may still be written, and
	// [errors.ErrUnsupported] where that cannot be known.
	Free() (int64, error)

	// Path returns the path of a file, for people.
	Path(name string) string
}

// A File is an open file. Its methods may be called concurrently.
type File interface {
	io.ReaderAt
	io.WriterAt

	// Truncate cuts the file off, or lengthens it by zeros.
	Truncate(size int64) error

	// Sync makes content and length durable. After an error it is not known how
	// much of what was not durable before has become so, and another Sync that
	// succeeds says nothing of it.
	Sync() error

	// Size returns the length in bytes.
	Size() (int64, error)

	// Close ends the use of the file. It makes nothing durable.
	Close() error
}

// ReadFile returns what is in a file of at most limit bytes.
func ReadFile(d Folder, name string, limit int64) ([]byte, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, &fs.PathError{Op: "read", Path: d.Path(name), Err: errTooLarge}
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && !(errors.Is(err, io.EOF)) {
		return nil, err
	}
	return b, nil
}

var errTooLarge = errors.New("the file is too large")
