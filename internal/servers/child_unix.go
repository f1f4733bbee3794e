//go:build unix

package servers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A child is a program of a server, under a keeper of its own.
type child struct {
	order  order
	pid    int           // the program's, not the keeper's
	gone   chan struct{} // closed when the program and all that it started have ended
	status string        // how it ended, to be read after gone

	keeper *exec.Cmd
	orders io.WriteCloser // its end, without a word before, means that we are dead
}

// startChild starts a keeper and has it start o's program.
func startChild(o order) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	// What a package tests without Run does not run here once more.
	keeper := exec.CommandContext(context.Background(), self, "-test.run=^$")
	// With the race detector each would take a second to end.
	keeper.Env = append(os.Environ(), keeperVariable+"=1", "GOMAXPROCS=2", "GORACE=atexit_sleep_ms=0")
	// A terminal's Ctrl-C is for the tests: the keeper sees that they end.
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	c := &child{order: o, gone: make(chan struct{}), keeper: keeper}
	if c.orders, err = keeper.StdinPipe(); err != nil {
		return nil, err
	}
	told, err := keeper.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := keeper.Start(); err != nil {
		return nil, err
	}
	events := bufio.NewReader(told)
	if err := c.begin(events); err != nil {
		c.release()
		return nil, fmt.Errorf("%s: %w", o.Path, err)
	}
	go c.watch(events)
	return c, nil
}

// begin gives the order and waits until the program runs.
func (c *child) begin(events *bufio.Reader) error {
	if err := json.NewEncoder(c.orders).Encode(c.order); err != nil {
		return err
	}
	what, detail, err := nextEvent(events)
	if err != nil {
		return fmt.Errorf("its keeper said nothing: %w", err)
	}
	if what != eventStarted {
		return errors.New(detail)
	}
	c.pid, err = strconv.Atoi(detail)
	return err
}

// watch notes the end of the program.
func (c *child) watch(events *bufio.Reader) {
	defer close(c.gone)
	_, detail, err := nextEvent(events)
	if err != nil {
		detail = "its keeper ended: " + err.Error()
	}
	c.status = detail
}

func nextEvent(events *bufio.Reader) (what, detail string, err error) {
	line, err := events.ReadString('\n')
	if err != nil {
		return "", "", err
	}
	what, detail, _ = strings.Cut(strings.TrimSpace(line), " ")
	return what, detail, nil
}

func (c *child) hasEnded() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// terminate asks the program to end and waits for it.
func (c *child) terminate(ctx context.Context) error {
	if c.hasEnded() {
		return nil
	}
	if err := signalTo(c.pid, c.order.stopSignal()); err != nil {
		return err
	}
	select {
	case <-c.gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s was asked to end and did not: %w", c.order.Path, ctx.Err())
	}
}

func (c *child) freeze() error { return c.signalTree(syscall.SIGSTOP) }

// awaitFrozen waits until freeze has been obeyed: a thread that runs goes on for
// a moment after the signal was sent, long enough to answer a client.
func (c *child) awaitFrozen() error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.After(stopLimit)
	for {
		all, err := below(c.keeper.Process.Pid)
		if err != nil || c.hasEnded() {
			return err
		}
		running := slices.IndexFunc(all, func(pid int) bool { return !isStopped(pid) })
		if running < 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-limit:
			return fmt.Errorf("process %d of %s does not stop", all[running], c.order.Path)
		}
	}
}

func (c *child) thaw() error { return c.signalTree(syscall.SIGCONT) }

// kill ends the program with all that it started, and waits for them.
func (c *child) kill() error {
	err := c.signalTree(syscall.SIGKILL)
	select {
	case <-c.gone:
		return err
	case <-time.After(stopLimit):
		return errors.Join(err, fmt.Errorf("%s was killed and is still there", c.order.Path))
	}
}

func (c *child) signalTree(s syscall.Signal) error {
	if c.hasEnded() {
		return nil
	}
	return signalBelow(c.keeper.Process.Pid, c.pid, s)
}

// release lets the keeper go without removing anything.
func (c *child) release() {
	// A keeper that is gone already takes no word, and its end tells nothing
	// that the program's did not.
	_, _ = io.WriteString(c.orders, wordKeep+"\n")
	_ = c.orders.Close()
	_ = c.keeper.Wait()
}

// below is all that descends from a keeper: its program, what that started, and
// what lost its parent, which the keeper adopts.
func below(keeper int) ([]int, error) {
	all, err := tree(keeper)
	if err != nil {
		return nil, err
	}
	return all[1:], nil
}

// signalBelow sends s to all that descends from a keeper, until it finds no
// process that has not had it. First the group that the program began has it, at
// once: a process that starts the next one and ends is always gone by the time
// that it is listed.
func signalBelow(keeper, group int, s syscall.Signal) error {
	var errs []error
	had := map[int]bool{}
	if s != syscall.SIGSTOP {
		// A process that runs could start another while we look.
		errs = append(errs, signalBelow(keeper, group, syscall.SIGSTOP))
	}
	errs = append(errs, signalTo(-group, s))
	for found := true; found; {
		found = false
		all, err := below(keeper)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, p := range all {
			if had[p] {
				continue
			}
			had[p], found = true, true
			errs = append(errs, signalTo(p, s))
		}
	}
	return errors.Join(errs...)
}

// signalTo sends s to pid; one that has ended already is no error.
func signalTo(pid int, s syscall.Signal) error {
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %v to process %d: %w", s, pid, err)
	}
	return nil
}
