package tokens

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
)

const (
	header = "# The tokens of the HTTP server, hashed; see \"redfire token --help\".\n# name role sha256 created\n"

	// most is how many bytes of a file are read: some 5000 tokens.
	most = 1 << 20

	// coarse is how much later than it says a file may have been changed: clocks
	// of file systems go by such steps.
	coarse = 2 * time.Second
)

// current returns the tokens as they are, or were a moment ago. The slice is not
// changed any more.
func (f *File) current() ([]Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if !f.looked.IsZero() && now.Sub(f.looked) < lookAgain {
		return f.entries, f.err
	}
	f.looked = now
	if about, err := os.Stat(f.path); err == nil && f.settled && same(about, f.seen) {
		return f.entries, f.err
	}
	f.entries, f.seen, f.err = read(f.path)
	f.settled = f.seen != nil && now.Sub(f.seen.ModTime()) > coarse
	return f.entries, f.err
}

// forget makes the next Verify look at the file.
func (f *File) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looked, f.settled = time.Time{}, false
}

// same reports whether a file was neither replaced nor changed.
func same(a, b os.FileInfo) bool {
	return a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && a.Mode() == b.Mode() && os.SameFile(a, b)
}

// read returns what is in the file at path, and what the file was then. Of one
// that does not exist there is nothing.
func read(path string) ([]Entry, os.FileInfo, error) {
	r, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, refused(path, err)
	}
	defer r.Close()
	about, err := r.Stat()
	if err != nil {
		return nil, nil, refused(path, err)
	}
	if about.Mode().Perm()&0o022 != 0 && runtime.GOOS != "windows" {
		err := fault.APITokenAccess.Errorf("others may change the file (its mode is %04o); take that from them: chmod 600", about.Mode().Perm())
		return nil, about, fault.At(fault.Place{File: path}, err)
	}
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, about, refused(path, err)
	}
	all, err := parse(path, text)
	return all, about, err
}

// refused says that the file cannot be used.
func refused(path string, err error) error {
	return fault.At(fault.Place{File: path}, fault.APITokenAccess.Errorf("the file of tokens: %w", fault.WithoutPath(err)))
}

// parse returns the tokens of a file, or the first thing that is wrong with it.
func parse(path string, text []byte) ([]Entry, error) {
	if len(text) > most {
		return nil, fault.At(fault.Place{File: path}, fault.APITokenFile.Errorf("the file is larger than %d bytes", most))
	}
	var all []Entry
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		e, err := parseLine(line)
		if err == nil && slices.ContainsFunc(all, func(old Entry) bool { return old.Name == e.Name || old.hash == e.hash }) {
			err = fault.APITokenFile.Errorf("the name or the hash stands there twice")
		}
		if err != nil {
			return nil, fault.At(fault.Place{File: path, Line: number}, err)
		}
		all = append(all, e)
	}
	return all, nil
}

func parseLine(line string) (Entry, error) {
	parts := strings.Fields(line)
	if len(parts) != 4 {
		return Entry{}, fault.APITokenFile.Errorf("the line has %d words, not name, role, sha256 and created", len(parts))
	}
	e := Entry{Name: parts[0], Role: Role(parts[1])}
	if err := validate(e.Name, e.Role); err != nil {
		return Entry{}, fault.APITokenFile.Errorf("%w", err)
	}
	hash, err := hex.DecodeString(parts[2])
	if err != nil || len(hash) != sha256.Size {
		return Entry{}, fault.APITokenFile.Errorf("the hash is not %d digits of hex", 2*sha256.Size)
	}
	e.hash = [sha256.Size]byte(hash)
	if e.Created, err = time.Parse(time.RFC3339, parts[3]); err != nil {
		return Entry{}, fault.APITokenFile.Errorf("the time %q is not written as in 2026-01-05T01:00:00Z", parts[3])
	}
	e.Created = e.Created.UTC()
	return e, nil
}

func format(all []Entry) []byte {
	var b bytes.Buffer
	b.WriteString(header)
	for _, e := range all {
		fmt.Fprintf(&b, "%s %s %x %s\n", e.Name, e.Role, e.hash, e.Created.Format(time.RFC3339))
	}
	return b.Bytes()
}

// change replaces the file by what do makes of it, while nobody else does.
func (f *File) change(ctx context.Context, do func([]Entry) ([]Entry, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path := f.path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // the link stays, and what it names is replaced
	}
	folder, err := disk.Open(filepath.Dir(path))
	if err != nil {
		return refused(path, err)
	}
	unlock, err := lock(ctx, path)
	if err != nil {
		return err
	}
	err = replace(folder, path, do)
	f.forget()
	if ended := unlock(); ended != nil && err == nil {
		err = refused(path, ended)
	}
	return err
}

func replace(folder disk.Folder, path string, do func([]Entry) ([]Entry, error)) error {
	all, old, err := read(path)
	if err != nil {
		return err
	}
	if all, err = do(all); err != nil {
		return err
	}
	text := format(all)
	if len(text) > most {
		return fault.At(fault.Place{File: path}, fault.APITokenFile.Errorf("the file is larger than %d bytes", most))
	}
	next, err := writeBeside(path, text)
	if err == nil && old != nil {
		err = giveTo(next, old) // root may change the file of a server that is not root
	}
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return refused(path, errors.Join(err, removed(next)))
	}
	if err := folder.Sync(); err != nil {
		return fault.At(fault.Place{File: path}, fault.DiskUnsure.Errorf("%w", fault.WithoutPath(err)))
	}
	return nil
}

// writeBeside writes what is to become the file at path, and returns its name,
// also with an error if it is there.
func writeBeside(path string, text []byte) (name string, err error) {
	w, err := os.CreateTemp(filepath.Dir(path), ".tokens-*") // of mode 0600
	if err != nil {
		return "", err
	}
	_, err = w.Write(text)
	return w.Name(), errors.Join(err, w.Sync(), w.Close())
}

// removed removes what was written beside a file, if it is there.
func removed(name string) error {
	if name == "" {
		return nil
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

const (
	lockTries = 500
	lockEvery = 20 * time.Millisecond
)

// lock holds the file at path against others who change it: for as long as a
// change takes, so that it is worth waiting. It is a folder of its own, since the
// file itself is replaced.
func lock(ctx context.Context, path string) (unlock func() error, err error) {
	held := path + ".lock"
	if _, err := disk.Open(held); err != nil {
		return nil, refused(path, err)
	}
	var holder *disk.HeldError
	for range lockTries {
		unlock, err = disk.Lock(held)
		if !errors.As(err, &holder) {
			break
		}
		select {
		case <-time.After(lockEvery):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err != nil {
		return nil, refused(path, err)
	}
	return unlock, nil
}
