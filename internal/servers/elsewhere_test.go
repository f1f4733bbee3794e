package servers

import (
	"net/url"
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
