//go:build unix

package servers

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

func (s scenario) Run() (code int) {
	w := &witness{name: "TestScenario"}
	w.run(func(t T) {
		server := Redis(t)
		for _, c := range server.node.children {
			fmt.Println("process", c.pid)
			fmt.Println("process", c.keeper.Process.Pid)
		}
		fmt.Println("folder", server.node.folder)
		fmt.Println("port", server.Addr)
		switch s {
		case "panic":
			panic("as the test wants it")
		case "exit":
			os.Exit(0) //nolint:revive // this is how such a binary ends
		case "frozen":
			server.Freeze()
		}
		fmt.Println("ready")
		if s != "end" {
			select {} // until we are killed
		}
	})
	if w.ended != "" {
		fmt.Println(w.ended)
	}
	return len(w.errors)
}

func TestNothingIsLeftOfABinaryHoweverItEnds(t *testing.T) {
	Redis(t) // skips where there is none
	for _, way := range []string{"end", "exit", "panic", "killed", "frozen"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			said, err := runScenario(t, way)
			t.Logf("the binary: %v", err)
			if len(said["process"]) != 2 || len(said["folder"]) != 1 {
				t.Fatalf("the binary said %v", said)
			}
			for _, digits := range said["process"] {
				pid, err := strconv.Atoi(digits)
				if err != nil {
					t.Fatal(err)
				}
				waitFor(t, "processes to end", func() bool { return !alive(pid) })
			}
			waitFor(t, "the folder to go", func() bool {
				_, err := os.Stat(said["folder"][0])
				return errors.Is(err, os.ErrNotExist)
			})
			waitFor(t, "the port to be free", func() bool {
				p, err := takeNumber(portOf(said["port"][0]))
				return err == nil && p.release() == nil
			})
		})
	}
}

// runScenario runs this binary as a scenario, kills it where it waits for that,
// and returns what it said, by the first word of each line.
func runScenario(t *testing.T, way string) (said map[string][]string, err error) {
	t.Helper()
	ctx, cancel := contextFor(t, 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), scenarioVariable+"="+way)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said = map[string][]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		what, rest, _ := strings.Cut(lines.Text(), " ")
		said[what] = append(said[what], rest)
		if what == "ready" && way != "end" {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return said, cmd.Wait()
}

func TestServersNeedRun(t *testing.T) {
	Redis(t)
	said, _ := runScenario(t, "no run")
	if len(said["fatal:"]) != 1 || !strings.Contains(said["fatal:"][0], "servers.Run(m)") {
		t.Errorf("a binary without Run said %v, want what to add", said)
	}
}
