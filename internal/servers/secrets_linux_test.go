package servers

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoSecretIsOnACommandLine watches all processes of the machine while each
// server is set up and started.
func TestNoSecretIsOnACommandLine(t *testing.T) {
	for _, r := range []recipe{mariaDB{}, mySQL{}, postgres{}, influxDB2{}, influxDB1{}, mongoDB{}} {
		t.Run(r.engine().Name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			seen := make(chan map[string]bool)
			go func() { seen <- commandLines(ctx) }()
			s := own(t, r)
			cancel()
			lines, ours := <-seen, false
			for line := range lines {
				if strings.Contains(line, s.Password) {
					t.Errorf("the password is on the command line %q", line)
				}
				if s.Token != "" && strings.Contains(line, s.Token) {
					t.Errorf("the token is on the command line %q", line)
				}
				ours = ours || strings.Contains(line, s.node.path(""))
			}
			if !ours {
				t.Errorf("none of %d command lines is the server's", len(lines))
			}
		})
	}
}

// commandLines collects those of all processes until ctx ends.
func commandLines(ctx context.Context) map[string]bool {
	seen := map[string]bool{}
	for ctx.Err() == nil {
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			return nil
		}
		for _, file := range files {
			// A process that has ended meanwhile has none.
			if line, err := os.ReadFile(file); err == nil {
				seen[string(line)] = true
			}
		}
	}
	return seen
}
