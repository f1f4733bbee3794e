package postgrespool

import (
	"testing"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

var _ sqlpool.Engine = (*Engine)(nil)

func TestInspect(t *testing.T) {
	s := servers.PostgreSQL(t)
	e := newEngine(t, sourceOf(s.Access, "postgres"))
	c := connect(t, e)
	got, err := e.Inspect(t.Context(), c)
	want := sqlpool.Server{System: "postgresql", Version: s.Version, MaxConnections: 100}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}

}
