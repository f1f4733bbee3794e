package main

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/tokens"
)

func (p *program) serveCommand() *cobra.Command {
	listen := ""
	c := &cobra.Command{
		Use:     "serve",
		Short:   p.say(serveShort),
		Long:    p.say(serveLong),
		Example: "  redfire serve\n  redfire serve --data ./redfire-data --listen 127.0.0.1:9000\n  curl http://127.0.0.1:8600/v1/symbols",
		Args:    between(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			settled, err := p.serveConfig(listen)
			if err != nil {
				return err
			}
			return p.serve(c.Context(), settled)
		},
	}
	c.Flags().Var(&given{&p.data, "DIR"}, "data", p.say(flagData))
	c.Flags().Var(&given{&listen, "HOST:PORT"}, "listen", p.say(flagListen))
	if err := c.MarkFlagDirname("data"); err != nil {
		panic(err) // the flag was defined just above
	}
	p.completeNothing(c, "listen")
	return c
}

// serveConfig returns the configuration with what the flags say.
func (p *program) serveConfig(listen string) (*config.Config, error) {
	_, settled, err := p.settings()
	if err != nil {
		return nil, err
	}
	c := *settled
	if p.data != "" {
		c.Data, c.Series.URL = config.Path(p.data), ""
	}
	if err := wantFolder(string(c.Data)); err != nil {
		return nil, err
	}
	if listen != "" {
		if err := c.Server.Listen.UnmarshalText([]byte(listen)); err != nil {
			return nil, fault.At(fault.Place{Field: "--listen"}, err)
		}
	}
	if c.Series.URL == "" {
		err = checkStore(redfire.SeriesFolder(&c), false)
	}
	return &c, err
}

// serve serves what c describes, until ctx ends.
func (p *program) serve(ctx context.Context, c *config.Config) (err error) {
	data, err := redfire.Open(ctx, c, &redfire.Options{Log: p.logger(), Lang: p.lang})
	if err != nil {
		return bare(err)
	}
	defer func() { err = together(err, data.Close()) }()
	granted, err := tokensOf(c)
	if err != nil {
		return err
	}
	listener, err := httpapi.Listen(ctx, string(c.Server.Listen), granted)
	if err != nil {
		return err
	}
	return p.serveOn(ctx, data, listening{listener, granted}, nil)
}

// A listening is where the program takes connections, and who may make them.
type listening struct {
	net.Listener
	granted *tokens.File // nil for everybody
}

// serveOn serves what is open. ready is told the address before the first request
// is answered; without it, the program tells it.
func (p *program) serveOn(ctx context.Context, data *redfire.Data, listener listening, ready func(address string) error) error {
	s, err := httpapi.New(data, &httpapi.Options{Version: builtFrom().version, Tokens: listener.granted})
	if err != nil {
		return together(err, listener.Close())
	}
	began := time.Now()
	if ready == nil {
		ready = func(address string) error { return p.tellServing(data, address, listener.granted != nil) }
	}
	if err := ready("http://" + listener.Addr().String()); err != nil {
		return together(err, listener.Close())
	}
	if err := s.Serve(ctx, listener.Listener); err != nil {
		return err
	}
	done := data.Series.Stats()
	p.note(served, time.Since(began).Round(time.Second), done.RowsRead, done.RowsWritten)
	return nil
}

// logger returns where the server tells what an operator should know.
func (p *program) logger() *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if p.format == formatJSON || p.format == formatNDJSON {
		return slog.New(slog.NewJSONHandler(p.err, o))
	}
	return slog.New(slog.NewTextHandler(p.err, o))
}

// tellServing says where the server is, at once and as the result, and what it
// serves.
func (p *program) tellServing(data *redfire.Data, address string, needsToken bool) error {
	err := p.print(result{columns: []column{{"listening", message{}}}, rows: [][]any{{address}}, single: true, prose: p.say(listeningOn, address)})
	if flushed := p.stdout.Flush(); err == nil {
		err = flushed
	}
	for _, s := range data.Sources(context.Background()) {
		if s.State == redfire.OK {
			p.note(sourceOK, s.Name, s.Engine)
			continue
		}
		p.note(sourceDown, s.Name, fault.Message(s.Err, p.lang))
	}
	if needsToken {
		p.note(needsTokenNote)
	}
	return err
}

// tokensOf returns the tokens of a server, nil if there are none: then it needs none.
func tokensOf(c *config.Config) (*tokens.File, error) {
	f := tokens.Open(tokensFile(c))
	all, err := f.List()
	if err != nil || len(all) == 0 && c.Server.Tokens == "" {
		return nil, err
	}
	return f, nil
}
