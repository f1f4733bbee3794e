package mysqlpool

import (
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

var _ sqlpool.Engine = (*Engine)(nil)

func TestInspect(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		e := newEngine(t, sourceOf(s, ""))
		c := connect(t, e)
		got, err := e.Inspect(t.Context(), c)
		want := sqlpool.Server{System: strings.ToLower(s.Engine.Name), Version: s.Version, MaxConnections: 151}
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	})
}
