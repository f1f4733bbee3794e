// Package sqlitepool is the engine of package sqlpool for SQLite: one file, many
// connections, one writer at a time.
//
// The address is sqlite:path, with a path that is absolute or from the working
// folder. Nothing in it is escaped: spaces, %, # and Chinese stand for themselves.
// Parameters stand behind the last ?, if what follows it is written as
// name=value&name=value; a ? elsewhere belongs to the path, and one at the very end
// closes a path that would look as if it had parameters.
//
//	mode                ro: only read; rw: do not make the file; rwc: make it (default)
//	synchronous         full (default), normal: the last commits may be lost with power; extra
//	busy_timeout        how long to wait for other processes, 10s by default; 1s is little,
//	                    since SQLite's readers hold the lock for moments too
//	cache_size          pages of each connection's cache, or -KiB
//	mmap_size           bytes read through memory maps, none by default
//	wal_autocheckpoint  pages after which the log is written back
//	journal_size_limit  bytes that the log keeps when it was written back
//	temp_store          default, file or memory
//
// A file that is missing is made, with its folder, by the first connection. One that
// vanishes later, or is replaced by another, is not: what would be written then is
// lost. So it is looked at before each transaction that writes, which reports
// [fault.SQLUnreachable], and behind it: if the file went away in between, what was
// written may be lost, [fault.SQLLost]. Windows does not let it go away.
//
// Text in double quotes is a name, as standard SQL has it; a value stands in single
// ones. SQLite would take a wrong name for a value, and find nothing.
//
// # Writing
//
// The file has a write-ahead log, so nobody who reads waits. Those who write through
// one [Engine] wait in line for each other, as long as their contexts allow: none of
// them ever sees that the database is locked. Transactions that are not read-only
// join the line when they begin, other statements when they run. Other processes,
// and other engines for the same file, have lines of their own; between lines there
// is busy_timeout, and the error after it is [sqlpool.Locked].
//
// A transaction begun by the SQL BEGIN joins the line at its first write. If it has
// read before, and another one has written since, SQLite cannot let it write:
// that is [sqlpool.SerializationFailure], and running it again helps. BEGIN
// IMMEDIATE, or BeginTx, does not meet this.
//
// Whoever gives up a write that is no transaction, by its context, does not know
// whether it was done. A transaction whose Commit returns the error of its context
// was rolled back.
//
// # Times
//
// A [time.Time] is written as text in UTC, 2026-01-05 01:30:00.25+00:00, which sorts
// as the times do, for the years 0 to 9999. What is read from columns declared as
// DATE, DATETIME or TIMESTAMP, in these words, is a time.Time in UTC; text without an
// offset is taken for UTC. What has no declared type, such as max(at), stays text.
//
// # Care
//
// [Engine.Check] finds what is damaged, [Engine.Backup] copies the file while it is
// used. Do not copy it by other means then: not only does the copy lack what is in the
// log, a program that closes the file also loses SQLite its locks on it.
package sqlitepool

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/sqlpool"
)

// An Engine makes the connections to one file. It is safe for concurrent use.
type Engine struct {
	address   address
	onConnect []string
	gate      *gate

	mu     sync.Mutex  // guards the field below, and the making of the file
	seen   bool        // the file was there
	file   fs.FileInfo // to which the open connections lead
	opened int         // how many there are
}

var _ sqlpool.Engine = (*Engine)(nil)

// NewEngine returns the engine of a source. It does not touch the file.
func NewEngine(source sqlpool.Source) (*Engine, error) {
	a, err := parseAddress(source.URL)
	if err != nil {
		return nil, err
	}
	return &Engine{address: a, onConnect: source.OnConnect, gate: &gate{turn: turn}}, nil
}

// Dialect is SQLite.
func (e *Engine) Dialect() sqlpool.Dialect { return sqlpool.SQLite }

// Close does nothing: what there is belongs to the connections.
func (e *Engine) Close() error { return nil }

// Cancel does nothing: a statement that was given up has ended.
func (e *Engine) Cancel(context.Context, driver.Conn) error { return nil }

// Connect opens the file. The first connection makes it, if it is missing.
func (e *Engine) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := e.prepareFile(); err != nil {
		return nil, err
	}
	return e.open(ctx)
}

// open makes a connection to the file that is there.
func (e *Engine) open(ctx context.Context) (_ *conn, err error) {
	file, err := e.stat()
	if err != nil {
		return nil, err
	}
	if err := e.join(file); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			e.part()
		}
	}()
	connector, err := sqlite.NewConnector(e.address.name())
	if err != nil {
		return nil, err
	}
	dc, err := connector.Connect(ctx)
	if err != nil {
		return nil, e.explain(err)
	}
	c, err := newConn(e, dc, file)
	if err != nil {
		return nil, errors.Join(err, dc.Close())
	}
	if err = e.start(ctx, c); err != nil {
		return nil, errors.Join(e.explain(err), c.Close())
	}
	if err = e.same(file); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.joined = true
	return c, nil
}

// join counts a connection to file. As long as others lead to another file, there
// is none: they have to end first.
func (e *Engine) join(file fs.FileInfo) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.opened > 0 && !os.SameFile(e.file, file) {
		return fault.SQLUnreachable.Errorf("the file %s was replaced by another while it was in use", e.address.path)
	}
	e.file = file
	e.opened++
	return nil
}

func (e *Engine) part() {
	e.mu.Lock()
	e.opened--
	e.mu.Unlock()
}

// explain says which file an error of opening is about.
func (e *Engine) explain(err error) error {
	if ended(err) {
		return err
	}
	return fmt.Errorf("sqlitepool: open %s: %w", e.address.path, err)
}

// start makes the session as the source says.
func (e *Engine) start(ctx context.Context, c *conn) error {
	if _, err := c.raw.ExecContext(ctx, e.address.session(), nil); err != nil {
		return err
	}
	readOnly, err := c.raw.IsReadOnly("main")
	if err != nil {
		return err
	}
	c.readOnly = readOnly
	if !readOnly {
		if err := e.useLog(ctx, c); err != nil {
			return err
		}
	}
	// Only now is it read whether this is a database at all.
	if _, err := c.one(ctx, "SELECT count(*) FROM sqlite_schema"); err != nil {
		return err
	}
	for _, query := range e.onConnect {
		if _, err := c.ExecContext(ctx, query, nil); err != nil {
			return err
		}
	}
	c.changed = false
	return nil
}

// useLog turns on the write-ahead log. The change is made once in the life of a file;
// SQLite does not wait for others then, so this does.
func (e *Engine) useLog(ctx context.Context, c *conn) error {
	if mode, err := c.one(ctx, "PRAGMA journal_mode"); err != nil || mode == "wal" {
		return err
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		mode, err := c.one(ctx, "PRAGMA journal_mode=WAL")
		switch {
		case err == nil && mode == "wal":
			return nil
		case err == nil:
			return fault.SQLNotSupported.Errorf("%s lies where there can be no write-ahead log, and is written by %v", e.address.path, mode)
		case e.Classify(err) != sqlpool.Locked:
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// prepareFile makes the file where it is missing, unless it was there before.
func (e *Engine) prepareFile() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	path := e.address.path
	_, err := os.Stat(path)
	switch {
	case err == nil:
		e.seen = true
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fault.SQLUnreachable.Errorf("open %s: %w", path, err)
	case e.seen:
		return gone(path)
	case !e.address.create:
		return fault.SQLNoDatabase.Errorf("there is no file %s", path)
	}
	folder, err := disk.Open(filepath.Dir(path))
	if err != nil {
		return fault.SQLUnreachable.Errorf("make the folder of %s: %w", path, err)
	}
	f, err := folder.Create(filepath.Base(path))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fault.SQLUnreachable.Errorf("make %s: %w", path, err)
	}
	if err == nil {
		err = errors.Join(f.Close(), folder.Sync())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fault.SQLUnreachable.Errorf("make %s: %w", path, err)
	}
	e.seen = true
	return nil
}

func gone(path string) error {
	return fault.SQLUnreachable.Errorf("the file %s was removed while it was in use", path)
}

// stat returns which file lies at the path.
func (e *Engine) stat() (fs.FileInfo, error) {
	file, err := os.Stat(e.address.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, gone(e.address.path)
	case err != nil:
		return nil, fault.SQLUnreachable.Errorf("open %s: %w", e.address.path, err)
	}
	return file, nil
}

// same reports it if the file at the path is not this one.
func (e *Engine) same(file fs.FileInfo) error {
	now, err := e.stat()
	if err != nil {
		return err
	}
	if !os.SameFile(file, now) {
		return fault.SQLUnreachable.Errorf("the file %s was replaced by another while it was in use", e.address.path)
	}
	return nil
}

// Inspect tells whether the file can be written, and whether it is still there.
func (e *Engine) Inspect(ctx context.Context, dc driver.Conn) (sqlpool.Server, error) {
	c, err := own(dc)
	if err != nil {
		return sqlpool.Server{}, err
	}
	if err := e.same(c.file); err != nil {
		return sqlpool.Server{}, err
	}
	version, err := c.one(ctx, "SELECT sqlite_version()")
	if err != nil {
		return sqlpool.Server{}, err
	}
	server := sqlpool.Server{System: "sqlite", Version: fmt.Sprint(version)}
	queryOnly, err := c.one(ctx, "PRAGMA query_only")
	switch {
	case err != nil:
		return sqlpool.Server{}, err
	case e.address.readOnly:
		server.ReadOnly = "mode=ro"
	case c.readOnly:
		server.ReadOnly = "the file's rights"
	case queryOnly != int64(0):
		server.ReadOnly = "query_only"
	}
	return server, nil
}

// Reset rolls back what was left open. A session whose settings may have been changed
// is not mended: driver.ErrBadConn says that it is to be closed, which is sure, and
// costs no more.
func (e *Engine) Reset(ctx context.Context, dc driver.Conn) error {
	c, err := own(dc)
	if err != nil {
		return err
	}
	if err := c.rollBack(); err != nil || c.changed {
		return driver.ErrBadConn
	}
	return ctx.Err()
}

// own returns the connection of this package that c is.
func own(c driver.Conn) (*conn, error) {
	mine, ok := c.(*conn)
	if !ok {
		return nil, fmt.Errorf("sqlitepool: the connection is a %T, not one of this package", c)
	}
	if mine.closed {
		return nil, driver.ErrBadConn
	}
	return mine, nil
}

func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
