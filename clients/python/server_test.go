package python

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/tokens"
)

// asServer in the environment makes the test program a server: pytest starts as
// many as it needs, and kills them.
const asServer = "PYTHON_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) == "" {
		os.Exit(m.Run())
	}
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers requests until it is told to stop. A folder with a file of tokens
// wants one of them.
func serve(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	folder := flags.String("data", "", "the folder")
	listen := flags.String("listen", "127.0.0.1:0", "the address")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, err := config.Load(&config.Options{Env: os.Environ()})
	if err != nil {
		return err
	}
	c.Data = config.Path(*folder)
	data, err := redfire.Open(ctx, c, nil)
	if err != nil {
		return err
	}
	o := &httpapi.Options{}
	if path := filepath.Join(*folder, "tokens"); exists(path) {
		o.Tokens = tokens.Open(path)
	}
	s, err := httpapi.New(data, o)
	if err != nil {
		return errors.Join(err, data.Close())
	}
	l, err := httpapi.Listen(*listen)
	if err != nil {
		return errors.Join(err, data.Close())
	}
	fmt.Printf("listening on http://%s\n", l.Addr())
	return errors.Join(s.Serve(ctx, l), data.Close())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
