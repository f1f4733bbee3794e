package servers

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if s := os.Getenv(scenarioVariable); s != "" {
		if s == "no run" && os.Getenv(keeperVariable) == "" {
			os.Exit(scenario(s).Run())
		}
		os.Exit(Run(scenario(s)))
	}
	os.Exit(Run(m))
}

// scenarioVariable makes this binary one that starts a server and then ends in
// the way named, for a test that looks at what is left.
const scenarioVariable = "REDFIRE_SERVERS_SCENARIO"

// A scenario is a binary's run of one test that ends in its own way.
type scenario string
