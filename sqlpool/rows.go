package sqlpool

import (
	"database/sql/driver"
	"errors"
	"io"
	"reflect"
)

// watched returns rows in whose midst an error is seen, where that matters: in a
// transaction of MySQL, which may be rolled back while they are read.
func (c *conn) watched(rows driver.Rows, err error) (driver.Rows, error) {
	if err != nil || !c.inTx || c.pool.engine.Dialect() != MySQL {
		return rows, err
	}
	return &watchedRows{Rows: rows, session: c.session}, nil
}

// watchedRows tell their session of an error. What else package database/sql asks
// of rows is answered as it would be without them.
type watchedRows struct {
	driver.Rows
	session *session
}

func (r *watchedRows) see(err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		r.session.failed(err)
	}
	return err
}

// Next reads a row.
func (r *watchedRows) Next(dest []driver.Value) error { return r.see(r.Rows.Next(dest)) }

// Close ends the reading.
func (r *watchedRows) Close() error { return r.see(r.Rows.Close()) }

// HasNextResultSet reports whether there are more results.
func (r *watchedRows) HasNextResultSet() bool {
	more, ok := r.Rows.(driver.RowsNextResultSet)
	return ok && more.HasNextResultSet()
}

// NextResultSet goes to the next result.
func (r *watchedRows) NextResultSet() error {
	if more, ok := r.Rows.(driver.RowsNextResultSet); ok {
		return r.see(more.NextResultSet())
	}
	return io.EOF
}

// ColumnTypeScanType is a type to which a column's values can be scanned.
func (r *watchedRows) ColumnTypeScanType(index int) reflect.Type {
	if of, ok := r.Rows.(driver.RowsColumnTypeScanType); ok {
		return of.ColumnTypeScanType(index)
	}
	return reflect.TypeFor[any]()
}

// ColumnTypeDatabaseTypeName is what the database calls a column's type.
func (r *watchedRows) ColumnTypeDatabaseTypeName(index int) string {
	if of, ok := r.Rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return of.ColumnTypeDatabaseTypeName(index)
	}
	return ""
}

// ColumnTypeLength is how long a column's values may be.
func (r *watchedRows) ColumnTypeLength(index int) (int64, bool) {
	if of, ok := r.Rows.(driver.RowsColumnTypeLength); ok {
		return of.ColumnTypeLength(index)
	}
	return 0, false
}

// ColumnTypeNullable tells whether a column may be null.
func (r *watchedRows) ColumnTypeNullable(index int) (nullable, ok bool) {
	if of, ok := r.Rows.(driver.RowsColumnTypeNullable); ok {
		return of.ColumnTypeNullable(index)
	}
	return false, false
}

// ColumnTypePrecisionScale tells how many digits a column's values have.
func (r *watchedRows) ColumnTypePrecisionScale(index int) (precision, scale int64, ok bool) {
	if of, ok := r.Rows.(driver.RowsColumnTypePrecisionScale); ok {
		return of.ColumnTypePrecisionScale(index)
	}
	return 0, 0, false
}
