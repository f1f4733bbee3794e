//go:build !unix

package main

import (
	"context"
	"os/exec"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

func runToEnd(context.Context, *exec.Cmd) error { return engines.ErrNoServers }

func apart(*exec.Cmd) {}
