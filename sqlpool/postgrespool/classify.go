package postgrespool

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// A connectError is one of making a connection: no statement was sent.
type connectError struct{ err error }

func (e *connectError) Error() string { return e.err.Error() }
func (e *connectError) Unwrap() error { return e.err }

// Classify tells what an error means, by its type and SQLSTATE.
func (e *Engine) Classify(err error) sqlpool.Class {
	var connecting *connectError
	if !errors.As(err, &connecting) {
		return classify(err)
	}
	class := classify(err)
	switch {
	case errors.Is(err, context.Canceled):
		return sqlpool.Other
	case errors.Is(err, fault.SQLDenied):
		return sqlpool.AccessDenied
	case class == sqlpool.Other && answered(err):
		return sqlpool.Other // a statement of OnConnect, say
	case class == sqlpool.Other, class == sqlpool.LostBefore, class == sqlpool.LostAfter:
		// Its time ran out, for instance: the server did not answer.
		return sqlpool.Unreachable
	}
	return class
}

// answered reports whether err is the server's.
func answered(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal)
}

// classify is Classify for a connection that stands.
func classify(err error) sqlpool.Class {
	var refusal *pgconn.PgError
	var network net.Error
	var lost *lostError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return sqlpool.Other
	case errors.As(err, &refusal):
		return classOf(refusal)
	case errors.Is(err, driver.ErrBadConn):
		return sqlpool.LostBefore
	case errors.As(err, &lost), errors.Is(err, pgconn.ErrConnClosed), errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return sqlpool.LostAfter
	case errors.Is(err, fault.SQLNotSupported):
		return sqlpool.NotSupported
	}
	return sqlpool.Other
}

// classOf is the class of a server's error.
func classOf(e *pgconn.PgError) sqlpool.Class {
	switch e.Code {
	case "57014":
		// Its text may be in another language; then it is taken for somebody's.
		if strings.Contains(e.Message, "statement timeout") {
			return sqlpool.Timeout
		}
		return sqlpool.Interrupted
	case "0A000":
		if isVoidPlan(e) { // in a transaction, which can be run again
			return sqlpool.SerializationFailure
		}
		return sqlpool.NotSupported
	case "58030":
		if strings.Contains(e.Message, "No space left on device") {
			return sqlpool.DiskFull
		}
		return sqlpool.Other
	}
	if class, found := states[e.Code]; found {
		return class
	}
	if len(e.Code) < 2 {
		return sqlpool.Other
	}
	return families[e.Code[:2]]
}

// states are the classes of those SQLSTATEs that are not of their family's.
var states = map[string]sqlpool.Class{
	"23505": sqlpool.UniqueViolation,
	"23503": sqlpool.ForeignKeyViolation,
	"23001": sqlpool.ForeignKeyViolation, // ON DELETE RESTRICT

	"40P01": sqlpool.Deadlock,
	"40001": sqlpool.SerializationFailure,

	"42P01": sqlpool.NoObject, // table
	"42703": sqlpool.NoObject, // column
	"42883": sqlpool.NoObject, // function
	"42704": sqlpool.NoObject, // type, setting and the like
	"3F000": sqlpool.NoObject, // schema
	"42501": sqlpool.AccessDenied,
	"42P04": sqlpool.Other, // exists already: a database
	"42P05": sqlpool.Other, // a prepared statement
	"42P06": sqlpool.Other, // a schema
	"42P07": sqlpool.Other, // a table
	"42701": sqlpool.Other, // a column
	"42710": sqlpool.Other, // an object
	"42723": sqlpool.Other, // a function
	"0LP01": sqlpool.AccessDenied,
	"0P000": sqlpool.AccessDenied,

	"53100": sqlpool.DiskFull,
	"53300": sqlpool.TooManyConnections,
	"25006": sqlpool.ReadOnlyServer,
	"08001": sqlpool.Unreachable,
	"08004": sqlpool.Unreachable,
	"08P01": sqlpool.Other, // a violation of the protocol, or what PgBouncer does not do

	"55P03": sqlpool.Timeout, // lock_timeout, or NOWAIT
	"25P04": sqlpool.Timeout, // transaction_timeout
	// The server ended the session while it was waiting for a statement.
	"25P03": sqlpool.LostBefore,
	"57P05": sqlpool.LostBefore,
	"57P01": sqlpool.LostAfter, // by an administrator
	"57P02": sqlpool.LostAfter, // a crash of another session
	"57P03": sqlpool.Unreachable,
	"57P04": sqlpool.NoDatabase,
	"XX001": sqlpool.Damaged,
	"XX002": sqlpool.Damaged,
}

// families are the classes of what begins with two characters.
var families = map[string]sqlpool.Class{
	"08": sqlpool.LostAfter,
	"0A": sqlpool.NotSupported,
	"22": sqlpool.ConstraintViolation,
	"23": sqlpool.ConstraintViolation,
	"28": sqlpool.AccessDenied,
	"3D": sqlpool.NoDatabase,
	"42": sqlpool.Syntax,
	"44": sqlpool.ConstraintViolation,
}
