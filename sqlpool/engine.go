package sqlpool

import (
	"context"
	"database/sql/driver"
)

// An Engine is what a pool must know of one kind of database. It makes the
// connections of one source; the pool counts, lends, watches and ends them.
//
// Its methods may be called concurrently, but a connection is given to one call
// at a time. Package sqlpooltest checks that an engine keeps this contract.
type Engine interface {
	// Connect makes a connection whose session is as the source says: times in
	// UTC, strict, UTF-8, its OnConnect statements run. It ends when ctx does.
	//
	// The connection must be a [driver.Pinger], [driver.ConnBeginTx],
	// [driver.ConnPrepareContext], [driver.ExecerContext] and
	// [driver.QueryerContext]. Its [driver.SessionResetter] is called before it is
	// lent again, if it has lain idle: it returns [driver.ErrBadConn] if it sees,
	// without asking the server, that the connection is no more. Its
	// [driver.Validator] tells whether it can be used still. All of its calls end
	// when their ctx does; commit and rollback end when that of the transaction
	// does. If it wraps the driver's own connection it has a method Unwrap that
	// returns that, for [Raw].
	Connect(ctx context.Context) (driver.Conn, error)

	// Inspect asks the server at the other end of c what it is at present.
	Inspect(ctx context.Context, c driver.Conn) (Server, error)

	// Reset makes the session of c as Connect made it: an open transaction is
	// rolled back, settings, locks and temporary tables are gone. Where another
	// connection is the cheaper or surer way, it returns [driver.ErrBadConn], and
	// the pool closes c.
	Reset(ctx context.Context, c driver.Conn) error

	// Cancel ends, at the server, the session of c, which was given up by its
	// holder while the server was still busy for it. c cannot be used any more. It
	// does nothing where the server ends such sessions by itself.
	Cancel(ctx context.Context, c driver.Conn) error

	// Classify tells what an error of this engine means. It is Other for what is
	// not the engine's, and for a context that ended; an error of Connect whose time
	// was over may be Unreachable.
	Classify(err error) Class

	// Dialect is the kind of SQL that the database speaks.
	Dialect() Dialect

	// Close releases the engine, when all of its connections are closed.
	Close() error
}

// A Server is what is at the other end of a connection.
type Server struct {
	// System is its name in OpenTelemetry's semantic conventions: "mysql",
	// "mariadb", "postgresql" or "sqlite".
	System string

	// Version is what it says of itself.
	Version string

	// ReadOnly is why it takes no writes, in its own terms
	// ("pg_is_in_recovery()", "@@super_read_only"); "" if it takes them.
	ReadOnly string

	// MaxConnections is how many it lets in altogether; 0 where there is no such
	// limit.
	MaxConnections int
}

// A Dialect is a kind of SQL.
type Dialect string

// The dialects.
const (
	MySQL      Dialect = "mysql"
	PostgreSQL Dialect = "postgresql"
	SQLite     Dialect = "sqlite"
)
