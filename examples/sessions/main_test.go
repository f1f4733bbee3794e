package main

import (
	"os"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/internal/servers"
)

func TestMain(m *testing.M) { os.Exit(servers.Run(m)) }

func TestSessions(t *testing.T) {
	f := func(dialect, password string, args ...string) {
		t.Helper()
		t.Setenv("REDFIRE_PASSWORD", password)
		var out, log strings.Builder
		if err := run(t.Context(), args, &out, &log); err != nil {
			t.Fatal(err)
		}
		want := `fill 4711 is booked
fill 4711 was booked already
主账户: 996349.50
main: ` + dialect + `
reports: sqlite
sqlpool: pool report: there is no such source; there are main, reports
`
		if out.String() != want {
			t.Errorf("got %s\nwant %s", &out, want)
		}
		if log.Len() > 0 {
			t.Errorf("the log has %s", &log)
		}
	}
	f("sqlite", "")
	s := servers.PostgreSQL(t)
	f("postgresql", s.Password, s.URL()+"/postgres")
}
