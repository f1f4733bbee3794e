//go:build !unix

package servers

import (
	"context"
	"io"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// A child is a program of a server. There is none on this system.
type child struct {
	order  order
	gone   chan struct{}
	status string
}

func startChild(order) (*child, error) { return nil, engines.ErrNoServers }

func (*child) hasEnded() bool                  { return true }
func (*child) terminate(context.Context) error { return engines.ErrNoServers }
func (*child) freeze() error                   { return engines.ErrNoServers }
func (*child) awaitFrozen() error              { return engines.ErrNoServers }
func (*child) thaw() error                     { return engines.ErrNoServers }
func (*child) kill() error                     { return engines.ErrNoServers }
func (*child) release()                        {}

func keep(io.Reader, io.Writer) (exit int) { return 1 }

func giveTo(string, string, string) error { return nil }
