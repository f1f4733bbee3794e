// Package postgrespool makes the connections of a pool to PostgreSQL.
//
// They are those of pgx's adapter for database/sql, with its cache of prepared
// statements. Beyond that, a connection of an [Engine]
//
//   - gives and takes times in UTC, those of columns without a time zone too.
//   - runs a statement once more whose plan a change of its tables has made
//     void, where no transaction is open.
//   - rolls back when the context of a transaction ends, and can be used again.
//   - is never said to be lost before a statement was sent when one was, so that
//     nobody runs it twice.
//   - looks, before it is used again, whether the server has closed it, without
//     asking the server.
package postgrespool

import (
	"cmp"
	"context"
	"database/sql/driver"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// An Engine makes connections to one PostgreSQL. It is safe for concurrent use.
type Engine struct {
	source    sqlpool.Source
	connector driver.Connector
	overrides []string
}

// NewEngine returns an engine of source. It checks what can be checked without
// the server.
func NewEngine(source sqlpool.Source) (*Engine, error) {
	config, overrides, err := configure(source)
	if err != nil {
		return nil, err
	}
	e := &Engine{source: source, overrides: overrides}
	e.connector = stdlib.GetConnector(*config,
		stdlib.OptionBeforeConnect(e.authenticate),
		stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false }))
	return e, nil
}

// authenticate asks for the password.
func (e *Engine) authenticate(ctx context.Context, config *pgx.ConnConfig) error {
	config.Password = "" // whatever the environment may say
	if e.source.Password == nil {
		return nil
	}
	password, err := e.source.Password(ctx)
	if err != nil {
		return fault.SQLDenied.Errorf("the password cannot be had: %w", err)
	}
	config.Password = password
	return nil
}

// Overrides returns the parameters of the address that stand against what an
// engine sets by itself, such as timezone. The slice is the caller's.
func (e *Engine) Overrides() []string { return append([]string(nil), e.overrides...) }

// Dialect is [sqlpool.PostgreSQL].
func (e *Engine) Dialect() sqlpool.Dialect { return sqlpool.PostgreSQL }

// Close does nothing: an engine holds nothing beside its connections.
func (e *Engine) Close() error { return nil }

// Connect makes a connection. It takes no round trip beyond those of the log-in,
// but for the statements of OnConnect.
func (e *Engine) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := e.connector.Connect(ctx)
	if err != nil {
		return nil, &connectError{err}
	}
	c := &conn{
		Conn:       inner.(*stdlib.Conn), //nolint:forcetypeassert // it is what the package makes
		unprepared: e.source.Unprepared,
	}
	c.wire = wireOf(c.Conn.Conn().PgConn().Conn())
	useUTC(c.Conn.Conn().TypeMap())
	if err := e.onConnect(ctx, c); err != nil {
		_ = c.Close() // the session was not begun
		return nil, &connectError{err}
	}
	return c, nil
}

func (e *Engine) onConnect(ctx context.Context, c *conn) error {
	for _, statement := range e.source.OnConnect {
		if _, err := c.simple(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// application is what s calls itself.
func application(s sqlpool.Source) string { return cmp.Or(s.Application, "redfire") }
