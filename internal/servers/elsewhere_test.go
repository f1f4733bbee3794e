package servers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// alone are servers that clients reach at one address, by what returns them.
var alone = map[string]func(T) *Server{
	"InfluxDB 2": InfluxDB2, "InfluxDB 1": InfluxDB1, "MongoDB": MongoDB,
}

// TestVariablePointsAtAServer has the tests use a server as one that somebody
// else started.
func TestVariablePointsAtAServer(t *testing.T) {
	for name, open := range alone {
		t.Run(name, func(t *testing.T) {
			own := open(t)
			address := own.urlWith(url.UserPassword(own.User, own.Password))
			if own.Token != "" {
				address += "&token=" + own.Token
			}
			t.Setenv(own.Engine.Variable, address)
			other := open(t)
			if other.Access != own.Access {
				t.Error("the access is not the one that the variable names")
			}
			// A build may not know its version, which our own server has from the program.
			if other.Version != own.Version && other.Version != "" {
				t.Errorf("got version %s, want %s", other.Version, own.Version)
			}
			if other.node != nil {
				t.Error("a server was started")
			}
		})
	}
}

// An oldRedis says that it is one.
type oldRedis struct{ redisServer }

func (oldRedis) answers(context.Context, Access) (version string, err error) { return "6.2.1", nil }

func TestAServerElsewhereIsTheOneAskedFor(t *testing.T) {
	f := func(r recipe, address, want string) {
		t.Helper()
		w := (&witness{name: t.Name()}).run(func(w T) { elsewhere(w, r, address) })
		if !strings.HasPrefix(w.ended, "fatal: ") || !strings.Contains(w.ended, r.engine().Variable) || !strings.Contains(w.ended, want) {
			t.Errorf("%s: %q, want %q", r.engine().Name, w.ended, want)
		}
	}
	f(oldRedis{}, "redis://:x@127.0.0.1:1", "version 6.2.1 is too old: 7.0 or later")
	influx := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Influxdb-Version", "v2.7.12")
	}))
	defer influx.Close()
	f(influxDB1{}, strings.Replace(influx.URL, "http:", "influx:", 1), "it is InfluxDB 2.7.12")
	g := func(r recipe, open func(T) *Server) {
		t.Run(r.engine().Name, func(t *testing.T) {
			s := open(t)
			f(r, s.urlWith(url.UserPassword(s.User, s.Password)), "it is "+s.Engine.Name)
		})
	}
	g(mySQL{}, MariaDB)
	g(mariaDB{}, MySQL)
}
