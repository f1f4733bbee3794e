package sqlpool

import (
	"context"
	"errors"

	"github.com/redfire-quant/redfire/fault"
)

// A Class is what an error of a database means, whatever the database.
type Class string

// The classes.
const (
	// Other is an error that is in no other class.
	Other Class = ""

	// UniqueViolation is a row whose key exists already.
	UniqueViolation Class = "unique violation"
	// ForeignKeyViolation is a row that refers to none, or to which others refer.
	ForeignKeyViolation Class = "foreign key violation"
	// ConstraintViolation is a value that its column does not take: null, too
	// long, out of range, against a check.
	ConstraintViolation Class = "constraint violation"

	// Deadlock is a transaction that was rolled back since it and another one
	// waited for each other.
	Deadlock Class = "deadlock"
	// SerializationFailure is a transaction that was rolled back since it could
	// not be in one line with others.
	SerializationFailure Class = "serialization failure"

	// Syntax is a statement that is not SQL, or not that of this database.
	Syntax Class = "syntax"
	// NoObject is a statement about a table, a column or the like that does not
	// exist.
	NoObject Class = "no such object"

	// AccessDenied is a user, a password or a right that is refused.
	AccessDenied Class = "access denied"
	// NoDatabase is a database that does not exist.
	NoDatabase Class = "unknown database"
	// TooManyConnections is a server that lets nobody in any more.
	TooManyConnections Class = "too many connections"
	// ReadOnlyServer is a write that the server does not take.
	ReadOnlyServer Class = "read-only"
	// Unreachable is a server with which no connection could be made.
	Unreachable Class = "unreachable"

	// LostBefore is a connection that was lost before anything was sent: the
	// statement was not run.
	LostBefore Class = "lost before sending"
	// LostAfter is a connection that was lost after the statement was sent: it
	// may have been run.
	LostAfter Class = "lost after sending"

	// Timeout is a statement that the server ended since it, or its waiting for a
	// lock, took too long.
	Timeout Class = "timeout"
	// Interrupted is a statement that the server ended since somebody asked it to.
	Interrupted Class = "interrupted"
	// Locked is a database file that another process holds.
	Locked Class = "locked"
	// DiskFull is a server, or file, without room.
	DiskFull Class = "disk full"
	// Damaged is a database whose bytes are not what they should be.
	Damaged Class = "damaged"
	// NotSupported is what this database cannot do.
	NotSupported Class = "not supported"
)

// codes are what callers are told of the classes.
var codes = map[Class]fault.Code{
	UniqueViolation:      fault.SQLUnique,
	ForeignKeyViolation:  fault.SQLForeignKey,
	ConstraintViolation:  fault.SQLConstraint,
	Deadlock:             fault.SQLDeadlock,
	SerializationFailure: fault.SQLSerialization,
	Syntax:               fault.SQLSyntax,
	NoObject:             fault.SQLNoObject,
	AccessDenied:         fault.SQLDenied,
	NoDatabase:           fault.SQLNoDatabase,
	TooManyConnections:   fault.SQLServerFull,
	ReadOnlyServer:       fault.SQLReadOnly,
	Unreachable:          fault.SQLUnreachable,
	LostBefore:           fault.SQLUnreachable,
	LostAfter:            fault.SQLLost,
	Timeout:              fault.SQLTimeout,
	Interrupted:          fault.SQLTimeout,
	Locked:               fault.SQLLocked,
	DiskFull:             fault.SQLDiskFull,
	Damaged:              fault.SQLDamaged,
	NotSupported:         fault.SQLNotSupported,
}

// Classes returns the classes and their codes. The map is the caller's.
func Classes() map[Class]fault.Code {
	all := make(map[Class]fault.Code, len(codes))
	for class, code := range codes {
		all[class] = code
	}
	return all
}

// repeatable reports whether a transaction that failed so was rolled back by the
// server, and may succeed when it is run again.
func (c Class) repeatable() bool { return c == Deadlock || c == SerializationFailure }

// coded returns err with the code of its class, and thereby with a kind. An error
// that has a kind already, and one of no class, is returned as it is.
func (c Class) coded(err error) error {
	code, ok := codes[c]
	if !ok || fault.KindOf(err) != "" {
		return err
	}
	return code.Errorf("%w", err)
}

// ended reports whether err is that of a context.
func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
