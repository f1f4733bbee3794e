package localseries

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/seglog"
)

// Backup copies what the engine holds into a new folder, which is a store of its
// own. Others may write meanwhile: the copy has all that was acknowledged when
// Backup began. It was read back and passed its checks when Backup returns; after
// an error, what is in the folder is no backup. The changes of the copy have new
// numbers: who followed this store is told by the copy that they are forgotten.
func (e *Engine) Backup(ctx context.Context, folder string) error {
	if err := e.backup(ctx, folder); err != nil {
		return fmt.Errorf("localseries: backup to %s: %w", folder, err)
	}
	return nil
}

func (e *Engine) backup(ctx context.Context, folder string) error {
	if err := e.begin(ctx); err != nil {
		return err
	}
	data, err := newFolder(folder)
	if err != nil {
		return err
	}
	log, err := disk.Open(filepath.Join(folder, "log"))
	if err != nil {
		return failed(err)
	}
	if err := e.copyTo(ctx, data, log); err != nil {
		return err
	}
	return verifyFolder(ctx, folder)
}

// copyTo copies what the engine holds into empty folders, durably.
func (e *Engine) copyTo(ctx context.Context, data, log disk.Folder) error {
	if err := e.flush(); err != nil {
		return err
	}
	m, segments := e.snapshot()
	defer func() {
		for _, s := range segments {
			// It was read only: an error of closing says nothing of the copy.
			_ = s.release()
		}
	}()
	for _, s := range segments {
		if err := s.copyTo(ctx, data); err != nil {
			return err
		}
	}
	// From here on this store and the copy go different ways: a number of one
	// means nothing to who follows the other.
	m.forgotten = newNumbers(max(uint64(m.floor), m.forgotten))
	m.floor = seglog.Position(m.forgotten + 1)
	l, _, err := seglog.Open(log, &seglog.Options{First: m.floor})
	if err == nil {
		err = l.Close()
	}
	if err == nil {
		err = m.publish(data)
	}
	return err
}

// newNumbers returns a number above which no store has given one to a change, of
// which some were given up to last: they are the positions of logs, and none grows
// by a byte a nanosecond. Should the clock be wrong, they are still far above. Two
// copies of one store differ by chance, also if they are made at once.
func newNumbers(last uint64) uint64 {
	const far, apart = 1 << 32, 1 << 40 // bytes
	return max(last+far, uint64(time.Now().UnixNano())) + rand.Uint64N(apart)
}

// newFolder makes a folder in which there is nothing yet.
func newFolder(path string) (disk.Folder, error) {
	d, err := disk.Open(path)
	if err != nil {
		return nil, failed(err)
	}
	names, err := d.List()
	if err != nil {
		return nil, failed(err)
	}
	if len(names) > 0 {
		return nil, fault.DiskNotEmpty.Errorf("%s has files in it, %s among them", path, names[0])
	}
	return d, nil
}

// snapshot returns the manifest that counts and its segments, which must be
// released.
func (e *Engine) snapshot() (*manifest, []*segment) {
	e.flushing.Lock()
	defer e.flushing.Unlock()
	for _, s := range e.segments {
		s.acquire()
	}
	m := *e.manifest
	return &m, slices.Clone(e.segments)
}

// copyTo copies the file, durably.
func (s *segment) copyTo(ctx context.Context, d disk.Folder) error {
	f, err := d.Create(segmentName(s.number))
	if err != nil {
		return failed(err)
	}
	for at := int64(0); at < s.size && err == nil; at += bufferBytes {
		var b []byte
		if err = ctx.Err(); err == nil {
			b, err = s.read(at, min(bufferBytes, s.size-at))
		}
		if err == nil {
			if _, err = f.WriteAt(b, at); err != nil {
				err = failed(err)
			}
		}
	}
	if err == nil {
		if err = f.Sync(); err != nil {
			err = failed(err)
		}
	}
	return errors.Join(err, f.Close())
}

// verifyFolder opens a store and reads all of it.
func verifyFolder(ctx context.Context, folder string) error {
	e, err := NewEngine(folder, nil)
	if err != nil {
		return err
	}
	for d, err := range e.Verify(ctx) {
		if err = errors.Join(err, d.Err); err != nil {
			return errors.Join(err, e.Close())
		}
	}
	return e.Close()
}

// Restore copies a backup into a new folder, and reads it back. The backup stays
// as it is.
func Restore(ctx context.Context, backup, folder string) error {
	e, err := openBackup(backup)
	if err != nil {
		return fmt.Errorf("localseries: restore: %w", err)
	}
	return errors.Join(e.Backup(ctx, folder), e.Close())
}

// openBackup opens a store that must be there.
func openBackup(path string) (*Engine, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, failed(err)
	}
	d, err := disk.Open(path)
	if err != nil {
		return nil, failed(err)
	}
	m, _, err := readManifest(d)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fault.DiskDamaged.Errorf("%s: the file is missing: there is no whole backup", d.Path(rootNames[0]))
	}
	return NewEngine(path, nil)
}
