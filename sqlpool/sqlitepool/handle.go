package sqlitepool

import (
	"database/sql/driver"
	"errors"
	"reflect"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// errDriver means that the driver is not the one that this package was written
// for.
var errDriver = errors.New("sqlitepool: the driver has changed: its handles are not where they were")

// A handle is SQLite's own of a connection. The driver does not tell whether a
// transaction is open, and cannot interrupt reading rows; SQLite does both.
type handle struct {
	db  uintptr
	tls *libc.TLS
}

// handleOf returns the handle of a connection of the driver.
func handleOf(c driver.Conn) (handle, error) {
	db, ok := field(c, "db")
	if !ok || db == 0 {
		return handle{}, errDriver
	}
	return handle{db, libc.NewTLS()}, nil
}

// close releases the handle; the connection is closed by its driver.
func (h handle) close() { h.tls.Close() }

// inTransaction reports whether a transaction is open.
func (h handle) inTransaction() bool { return sqlite3.Xsqlite3_get_autocommit(h.tls, h.db) == 0 }

// interrupt ends what the connection does. It may be called at any time before it
// is closed.
func (h handle) interrupt() {
	tls := libc.NewTLS() // that of h is another goroutine's
	defer tls.Close()
	sqlite3.Xsqlite3_interrupt(tls, h.db)
}

// look reports whether a statement of the driver is a single one, and if so, whether
// it writes nothing.
func (h handle) look(s driver.Stmt) (single, reads bool, err error) {
	p, ok := field(s, "pstmt")
	if !ok {
		return false, false, errDriver
	}
	return p != 0, p != 0 && sqlite3.Xsqlite3_stmt_readonly(h.tls, p) != 0, nil
}

// field returns a field of the struct to which v points.
func field(v any, name string) (uintptr, bool) {
	at := reflect.ValueOf(v)
	if at.Kind() != reflect.Pointer || at.Elem().Kind() != reflect.Struct {
		return 0, false
	}
	f := at.Elem().FieldByName(name)
	if !f.IsValid() || f.Kind() != reflect.Uintptr {
		return 0, false
	}
	return uintptr(f.Uint()), true
}
