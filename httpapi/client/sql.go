package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/redfire-quant/redfire/httpapi/answers"
)

const poolsPath = "/v1/sql/pools"

// SQLPools returns the pools of SQL of the server, in the order of its sources.
func (c *Client) SQLPools(ctx context.Context) (all []answers.SQLPool, err error) {
	return all, c.json(ctx, &request{method: http.MethodGet, path: poolsPath}, &all)
}

// SQLPool returns one pool of SQL of the server. It fails with [fault.NotFound] if
// the server has no source of that name.
func (c *Client) SQLPool(ctx context.Context, name string) (*answers.SQLPool, error) {
	p := &answers.SQLPool{}
	if err := c.json(ctx, &request{method: http.MethodGet, path: poolsPath + "/" + name}, p); err != nil {
		return nil, err
	}
	return p, nil
}

// SQLStatements returns the statements of a pool that took longest in all, limit at
// most, and behind them the sum of those that the server forgot, if there are any.
func (c *Client) SQLStatements(ctx context.Context, name string, limit int) (all []answers.SQLStatement, err error) {
	params := url.Values{"limit": {strconv.Itoa(limit)}}
	return all, c.json(ctx, &request{method: http.MethodGet, path: poolsPath + "/" + name + "/statements", params: params}, &all)
}
