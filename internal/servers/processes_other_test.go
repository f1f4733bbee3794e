//go:build !unix

package servers

import "testing"

func processesOf(*testing.T, *Server) []int { return nil }

func wantGone(*testing.T, []int) {}
