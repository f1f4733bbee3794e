// Package mysqlpool makes the connections of a pool to MySQL and to MariaDB.
//
// Beyond what the driver does, a connection of an [Engine]
//
//   - keeps the statements that it has prepared, and runs them again when their
//     text comes again: one round trip instead of two, and no packet to close
//     them. What a statement refers to may change between its uses.
//   - commits and rolls back within the context of its transaction.
//   - can be ended at the server while a statement runs there, which goes on
//     otherwise when its caller has left.
//
// Times are UTC on both sides, text is utf8mb4, and values that do not fit are
// refused, however the server is configured.
package mysqlpool

import (
	"cmp"
	"context"
	"database/sql/driver"
	"net"

	"github.com/go-sql-driver/mysql"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// An Engine makes connections to one MySQL or MariaDB. It is safe for concurrent
// use.
type Engine struct {
	source    sqlpool.Source
	config    *mysql.Config // never changed
	setUp     string
	overrides []string
}

// NewEngine returns an engine of source. It checks what can be checked without
// the server.
func NewEngine(source sqlpool.Source) (*Engine, error) {
	e := &Engine{source: source}
	e.source.Application = cmp.Or(source.Application, "redfire")
	a, err := parse(source.URL)
	if err != nil {
		return nil, err
	}
	if e.config, err = a.config(); err != nil {
		return nil, err
	}
	if err := e.secure(a); err != nil {
		return nil, err
	}
	e.identify()
	e.config.InterpolateParams = e.config.InterpolateParams || source.Unprepared
	e.setUp, e.overrides = a.setUp()
	// The driver checks some things only now.
	if _, err := mysql.NewConnector(e.config); err != nil {
		return nil, fault.SQLSource.Errorf("the address: %w", err)
	}
	return e, nil
}

// Overrides returns the parameters of the address that stand against what an
// engine sets by itself, such as time_zone. The slice is the caller's.
func (e *Engine) Overrides() []string { return append([]string(nil), e.overrides...) }

// Dialect is [sqlpool.MySQL].
func (e *Engine) Dialect() sqlpool.Dialect { return sqlpool.MySQL }

// Close does nothing: an engine holds nothing beside its connections.
func (e *Engine) Close() error { return nil }

// Connect makes a connection. It takes two round trips beyond those of the
// log-in, and one for each statement of OnConnect.
func (e *Engine) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := e.dial(ctx)
	if err != nil {
		return nil, &connectError{err}
	}
	if err := c.begin(ctx, e); err != nil {
		return nil, &connectError{c.giveUp(err)}
	}
	return c, nil
}

// dial logs in.
func (e *Engine) dial(ctx context.Context) (*conn, error) {
	config := e.config.Clone()
	if e.source.Password != nil {
		password, err := e.source.Password(ctx)
		if err != nil {
			return nil, fault.SQLDenied.Errorf("the password cannot be had: %w", err)
		}
		config.Passwd = password
	}
	c := &conn{
		statements: newCache(),
		unprepared: config.InterpolateParams,
	}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		raw, err := new(net.Dialer).DialContext(ctx, network, address)
		c.raw = raw
		return raw, err
	}
	if e.mayInterpolate() {
		// What is given here is what the connection goes by, until it ends.
		hook := mysql.BeforeConnect(func(_ context.Context, live *mysql.Config) error {
			c.interpolate = func() { live.InterpolateParams = true }
			return nil
		})
		if err := config.Apply(hook); err != nil {
			return nil, err
		}
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	inner, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	// The driver's connection has them all.
	c.inner = inner.(connection) //nolint:forcetypeassert // a test connects
	return c, nil
}
