package sqlitepool

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/sqlpool"
)

// extended are the classes of SQLite's extended codes, where they differ from those
// of their primary codes.
var extended = map[int]sqlpool.Class{
	sqlite3.SQLITE_CONSTRAINT_UNIQUE:     sqlpool.UniqueViolation,
	sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: sqlpool.UniqueViolation,
	sqlite3.SQLITE_CONSTRAINT_ROWID:      sqlpool.UniqueViolation,
	sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: sqlpool.ForeignKeyViolation,

	// Others have written since the transaction read: waiting does not help, and
	// running it again does.
	sqlite3.SQLITE_BUSY_SNAPSHOT: sqlpool.SerializationFailure,

	// The commit stands in the log, and nobody knows whether on the disk.
	sqlite3.SQLITE_IOERR_FSYNC: sqlpool.LostAfter,

	sqlite3.SQLITE_IOERR_CORRUPTFS: sqlpool.Damaged,
}

// primary are the classes of SQLite's primary codes.
var primary = map[int]sqlpool.Class{
	sqlite3.SQLITE_CONSTRAINT: sqlpool.ConstraintViolation,
	sqlite3.SQLITE_MISMATCH:   sqlpool.ConstraintViolation,
	sqlite3.SQLITE_TOOBIG:     sqlpool.ConstraintViolation,
	sqlite3.SQLITE_BUSY:       sqlpool.Locked,
	sqlite3.SQLITE_LOCKED:     sqlpool.Locked,
	sqlite3.SQLITE_PROTOCOL:   sqlpool.Locked,
	sqlite3.SQLITE_READONLY:   sqlpool.ReadOnlyServer,
	sqlite3.SQLITE_FULL:       sqlpool.DiskFull,
	sqlite3.SQLITE_CORRUPT:    sqlpool.Damaged,
	sqlite3.SQLITE_NOTADB:     sqlpool.Damaged,
	sqlite3.SQLITE_CANTOPEN:   sqlpool.Unreachable,
	sqlite3.SQLITE_IOERR:      sqlpool.Unreachable,
	sqlite3.SQLITE_INTERRUPT:  sqlpool.Interrupted,
	sqlite3.SQLITE_AUTH:       sqlpool.AccessDenied,
	sqlite3.SQLITE_PERM:       sqlpool.AccessDenied,
	sqlite3.SQLITE_NOLFS:      sqlpool.NotSupported,
	sqlite3.SQLITE_SCHEMA:     sqlpool.SerializationFailure,
}

// coded are the classes of the errors of this package.
var coded = map[fault.Code]sqlpool.Class{
	fault.SQLUnreachable:  sqlpool.Unreachable,
	fault.SQLLost:         sqlpool.LostAfter,
	fault.SQLNoDatabase:   sqlpool.NoDatabase,
	fault.SQLNotSupported: sqlpool.NotSupported,
}

// noObject and syntax are parts of messages of SQLITE_ERROR, which has
// nothing else to tell by.
var (
	noObject = []string{"no such ", "has no column named ", "unknown database"}
	syntax   = []string{"syntax error", "incomplete input", "unrecognized token", "unknown function", "wrong number of arguments"}
)

// Classify tells what an error means by its code. Only a wrong statement is told from
// one about what does not exist by the message.
func (e *Engine) Classify(err error) sqlpool.Class {
	if err == nil || ended(err) {
		return sqlpool.Other
	}
	if class, ok := coded[fault.CodeOf(err)]; ok {
		return class
	}
	var own *sqlite.Error
	if !errors.As(err, &own) {
		return sqlpool.Other
	}
	code := own.Code()
	if class, ok := extended[code]; ok {
		return e.unlessFull(class)
	}
	if class, ok := primary[code&0xff]; ok {
		return e.unlessFull(class)
	}
	if code&0xff != sqlite3.SQLITE_ERROR {
		return sqlpool.Other
	}
	return ofMessage(own.Error())
}

// unlessFull returns class, but that the disk is full if that must be why the file
// could not be written: SQLite knows only one of the ways in which a disk says so.
func (e *Engine) unlessFull(class sqlpool.Class) sqlpool.Class {
	if class != sqlpool.Unreachable {
		return class
	}
	const page = 64 << 10 // the largest there is
	at := filepath.Dir(e.address.path)
	if _, err := os.Stat(at); err != nil {
		return class
	}
	folder, err := disk.Open(at) // which would make it
	if err != nil {
		return class
	}
	if left, err := folder.Free(); err == nil && left < page {
		return sqlpool.DiskFull
	}
	return class
}

func ofMessage(message string) sqlpool.Class {
	has := func(part string) bool { return strings.Contains(message, part) }
	for _, part := range noObject {
		if has(part) {
			return sqlpool.NoObject
		}
	}
	for _, part := range syntax {
		if has(part) {
			return sqlpool.Syntax
		}
	}
	return sqlpool.Other
}

// isInterrupt reports whether err means that a statement was interrupted.
func isInterrupt(err error) bool {
	var own *sqlite.Error
	return errors.As(err, &own) && own.Code()&0xff == sqlite3.SQLITE_INTERRUPT
}
