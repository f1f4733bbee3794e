package mysqlpool

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/redfire-quant/redfire/sqlpool"
)

// readOnlyVariables are those that keep a server from writing, the strictest
// first.
var readOnlyVariables = []string{
	"super_read_only", "read_only", "innodb_read_only", "offline_mode", "transaction_read_only", "tx_read_only",
}

// errOtherConn is a defect of the caller.
var errOtherConn = errors.New("the connection is not of this engine")

// Inspect asks for the server's variables, in one round trip. Of these some are
// MySQL's, and some MariaDB's. An account with the right to write to a read-only
// server is told all the same that it is one.
func (e *Engine) Inspect(ctx context.Context, at driver.Conn) (sqlpool.Server, error) {
	c, is := at.(*conn)
	if !is {
		return sqlpool.Server{}, errOtherConn
	}
	rows, err := c.askAll(ctx, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'max_connections', '"+
		strings.Join(readOnlyVariables, "', '")+"')")
	if err != nil {
		return sqlpool.Server{}, err
	}
	found := map[string]string{}
	for _, row := range rows {
		found[fmt.Sprint(row[0])] = fmt.Sprint(row[1])
	}
	s := sqlpool.Server{System: "mysql", Version: found["version"]}
	if strings.Contains(s.Version, "MariaDB") {
		s.System = "mariadb"
	}
	if s.MaxConnections, err = strconv.Atoi(found["max_connections"]); err != nil {
		return sqlpool.Server{}, fmt.Errorf("@@max_connections: %w", err)
	}
	for _, name := range readOnlyVariables {
		if value := found[name]; value != "" && value != "OFF" {
			s.ReadOnly = "@@" + name
			break
		}
	}
	return s, nil
}

// Reset returns [driver.ErrBadConn]: the driver has no COM_RESET_CONNECTION, and
// nothing else takes away what a session may have: variables, temporary tables,
// settings of which nobody has a list. Making another connection costs less than a
// millisecond.
func (e *Engine) Reset(context.Context, driver.Conn) error { return driver.ErrBadConn }

// noSuchThread is the number of the error that a session has ended already.
const noSuchThread = 1094

// Cancel ends the session at the server, by a connection of its own. It leaves
// alone what is not surely that session: the server has started anew since, and
// counts again from one, or another one is at the address now.
func (e *Engine) Cancel(ctx context.Context, of driver.Conn) (err error) {
	c, is := of.(*conn)
	if !is {
		return errOtherConn
	}
	side, err := e.dial(ctx)
	if err != nil {
		return &connectError{err}
	}
	defer func() {
		// What it was made for is done, or failed already.
		_ = side.Close()
	}()
	same, err := c.isThere(ctx, side)
	if err != nil || !same {
		return err
	}
	_, err = side.inner.ExecContext(ctx, "KILL "+strconv.FormatInt(c.at.id, 10), nil)
	var refusal *mysql.MySQLError
	if errors.As(err, &refusal) && refusal.Number == noSuchThread {
		return nil
	}
	return err
}

// isThere reports whether the session of c is still at the server that side is
// connected to, as far as can be known: this is the server where c was, it has run
// since, and the session of that number is one of the same account from the same
// host.
func (c *conn) isThere(ctx context.Context, side *conn) (bool, error) {
	if err := side.locate(ctx); err != nil {
		return false, err
	}
	if side.at.host != c.at.host || side.at.port != c.at.port || side.at.serverID != c.at.serverID || side.at.id <= c.at.id {
		return false, nil
	}
	age := time.Since(c.born)
	values, err := side.ask(ctx, "SHOW GLOBAL STATUS LIKE 'Uptime'")
	if err != nil {
		return false, err
	}
	seconds, err := strconv.Atoi(fmt.Sprint(values[1]))
	if err != nil {
		return false, fmt.Errorf("its uptime: %w", err)
	}
	// The server counts whole seconds of the clock, so it may have run for almost
	// one more.
	if time.Duration(seconds+1)*time.Second <= age {
		return false, nil
	}
	sessions, err := side.askAll(ctx, "SHOW PROCESSLIST")
	if err != nil {
		return false, err
	}
	owners := map[string]string{}
	for _, row := range sessions {
		host := fmt.Sprint(row[2])
		if colon := strings.LastIndexByte(host, ':'); colon >= 0 {
			host = host[:colon]
		}
		owners[fmt.Sprint(row[0])] = fmt.Sprint(row[1], "@", host)
	}
	owner, found := owners[strconv.FormatInt(c.at.id, 10)]
	return found && owner == owners[strconv.FormatInt(side.at.id, 10)], nil
}
