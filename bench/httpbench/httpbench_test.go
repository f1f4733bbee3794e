package httpbench

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// serverEnv makes this program the process that serves.
const serverEnv = "HTTPBENCH_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) == "" {
		os.Exit(m.Run())
	}
	if err := Serve(context.Background(), os.Args[len(os.Args)-2:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
