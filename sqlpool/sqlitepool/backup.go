package sqlitepool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
)

// stepPages is how many pages are copied between two looks at the context.
const stepPages = 256

// Backup writes the database into a new file at path, as it was at one moment after
// the call began, while others go on reading and writing. It waits for none of them,
// and they do not wait for it; the write-ahead log grows until it is done, by what
// they write. progress, which may be nil, is told how many bytes of how many are
// written.
//
// The file appears when it is whole and durable. A backup that is cancelled or fails
// leaves nothing; a process that is killed may leave a file that ends in .part.
func (e *Engine) Backup(ctx context.Context, path string, progress func(done, total int64)) error {
	if _, err := os.Lstat(path); err == nil {
		return fault.SQLBackup.Errorf("%s exists", path)
	}
	dir, base := filepath.Split(path)
	part, err := os.CreateTemp(dir, "."+base+".*.part")
	if err != nil {
		return fault.SQLBackup.Errorf("make %s: %w", path, err)
	}
	name, err := filepath.Abs(part.Name())
	err = errors.Join(err, part.Chmod(0o640), part.Close())
	if err == nil {
		err = e.copyTo(ctx, name, progress)
	}
	if err == nil {
		err = publish(name, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("sqlitepool: back up %s: %w", e.address.path, err), removeAll(name))
	}
	return nil
}

// removeAll removes a file of SQLite's, and what SQLite keeps beside it.
func removeAll(path string) error {
	var errs []error
	for _, end := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// publish makes the file durable, and gives it its name, if nobody has that.
func publish(part, path string) error {
	folder, err := disk.Open(filepath.Dir(part))
	if err != nil {
		return err
	}
	f, err := folder.Open(filepath.Base(part))
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	err = os.Link(part, path) // which, unlike a rename, takes no name away
	switch {
	case errors.Is(err, fs.ErrExist):
		return fault.SQLBackup.Errorf("%s exists", path)
	case err != nil: // there are no links here
		if _, err := os.Lstat(path); err == nil {
			return fault.SQLBackup.Errorf("%s exists", path)
		}
		if err := os.Rename(part, path); err != nil {
			return err
		}
		return folder.Sync()
	}
	return errors.Join(os.Remove(part), folder.Sync())
}

// copyTo copies the database into an empty file. The connection keeps reading one
// state of it all the while, so that what others write does not make SQLite begin
// anew.
func (e *Engine) copyTo(ctx context.Context, to string, progress func(done, total int64)) (err error) {
	c, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	from, ok := c.raw.(interface {
		NewBackup(to string) (*sqlite.Backup, error)
	})
	if !ok {
		return errDriver
	}
	if _, err := c.ExecContext(ctx, "BEGIN", nil); err != nil {
		return err
	}
	size, err := c.one(ctx, "PRAGMA page_size")
	if err != nil {
		return err
	}
	if _, err := c.one(ctx, "SELECT count(*) FROM sqlite_schema"); err != nil { // from now on it reads this state
		return err
	}
	page, ok := size.(int64)
	if !ok {
		return errDriver
	}
	b, err := from.NewBackup(address{path: to}.name())
	if err != nil {
		return err
	}
	defer func() { err = join(err, b.Finish()) }()
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err = b.Step(stepPages); err != nil {
			return err
		}
		if progress != nil {
			total := int64(b.PageCount())
			progress((total-int64(b.Remaining()))*page, total*page)
		}
	}
	return nil
}
