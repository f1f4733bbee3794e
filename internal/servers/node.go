package servers

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/servers/engines"
)

const (
	// startLimit is generous: a machine that builds and tests at once is slow.
	startLimit = 2 * time.Minute
	stopLimit  = time.Minute
	pollEvery  = 20 * time.Millisecond
)

// A recipe is how one kind of server is set up and started.
type recipe interface {
	engine() engines.Engine

	// prepare makes n's data, before the first start, and sets n's access.
	prepare(ctx context.Context, n *node) error

	// processes are what to start, in order. Each is ready before the next.
	processes(ctx context.Context, n *node) ([]process, error)

	// settle finishes, once, what needs the server running: users, buckets.
	settle(ctx context.Context, n *node) error

	// answers asks a server that access reaches for its version, which is ""
	// when it does not know it. A server that has not started yet, or cannot do
	// its work, is an error.
	answers(ctx context.Context, access Access) (version string, err error)
}

// A rootedRecipe is one of a server whose data belongs to a program beside its
// own, as MongoDB's does to PostgreSQL. The data lies within that one's root.
type rootedRecipe interface {
	recipe
	owner() (*engines.Program, error)
}

// A process is one of a server's.
type process struct {
	program *engines.Program // nil for n's own
	name    string           // of the program
	args    []string
	env     []string
	user    string                          // who runs it, where we are root; "" for ourselves
	proc    bool                            // it looks at processes
	ready   func(ctx context.Context) error // nil when the server's answer is enough
}

// A node is a server that this process started.
type node struct {
	recipe  recipe
	program *engines.Program
	root    string // the root of those who use the folder, "" for the machine's
	folder  string // holds its data and what it prints
	unlock  func() error
	access  Access
	ports   []port

	mu       sync.Mutex // guards the fields below
	children []*child   // in the order of their start; none when it is stopped
	down     bool       // it was stopped or killed, or is frozen, by a test
	frozen   bool
	ended    bool
	version  string   // what it said of itself when it started
	users    []string // names of the tests that use it
}

// start sets a server up and starts it. Where it cannot be had, the error is
// an [engines.Missing].
func start(ctx context.Context, r recipe) (*node, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	program, err := engines.Find(ctx, r.engine())
	if err != nil {
		return nil, err
	}
	n := &node{recipe: r, program: program}
	if err := n.setUp(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s %s: %w", r.engine().Name, program.Version, err), n.end())
	}
	return n, nil
}

// setUp makes a new server's folder and data and starts it.
func (n *node) setUp(ctx context.Context) error {
	n.root = n.program.Root
	if r, ok := n.recipe.(rootedRecipe); ok {
		owner, err := r.owner()
		if err != nil {
			return err
		}
		n.root = owner.Root
	}
	if err := n.makeFolder(); err != nil {
		return err
	}
	binary.mu.Lock()
	binary.running[n] = true
	binary.mu.Unlock()
	if err := n.recipe.prepare(ctx, n); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.startLocked(ctx); err != nil {
		return err
	}
	if err := n.recipe.settle(ctx, n); err != nil {
		return err
	}
	return n.awaitLocked(ctx)
}

// makeFolder makes n's folder: below its root, since the server sees nothing
// else.
func (n *node) makeFolder() error {
	above, err := filepath.Abs(os.TempDir()) // the server has another working folder
	if err != nil {
		return err
	}
	if n.root != "" {
		above = filepath.Join(n.root, "tmp")
	}
	if err := sweep(above); err != nil {
		return err
	}
	folder, err := os.MkdirTemp(above, folderPrefix)
	if err != nil {
		return err
	}
	n.folder = folder
	// The server's user has to pass, and only what lies below is secret.
	if err := os.Chmod(folder, 0o711); err != nil {
		return err
	}
	n.unlock, err = disk.Lock(folder)
	return err
}

// inside is a name in n's folder as a program whose root is root sees it.
func (n *node) inside(root, name string) string {
	return strings.TrimPrefix(filepath.Join(n.folder, name), strings.TrimSuffix(root, "/"))
}

// path is a name in n's folder as those who use it see it.
func (n *node) path(name string) string { return n.inside(n.root, name) }

// makeDir makes a folder within n's that user, as n's root knows it, owns.
func (n *node) makeDir(name, user string) error {
	path := filepath.Join(n.folder, name)
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return giveTo(path, n.root, user)
}

// write makes a file within n's folder that user alone may read.
func (n *node) write(name, content, user string) error {
	path := filepath.Join(n.folder, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	return giveTo(path, n.root, user)
}

// newPort is a port of this machine that is n's until it ends, as an address.
func (n *node) newPort() (string, error) {
	p, err := takePort()
	if err != nil {
		return "", err
	}
	n.ports = append(n.ports, p)
	return p.addr(), nil
}

// run runs a program of the set-up to its end. A failure tells what it printed.
func (n *node) run(ctx context.Context, p process) error {
	c, err := n.spawn(p)
	if err != nil {
		return err
	}
	defer c.release()
	select {
	case <-c.gone:
	case <-ctx.Done():
		return errors.Join(ctx.Err(), c.kill())
	}
	if c.status != "exit status 0" {
		return fmt.Errorf("%s: %s: %s", p.name, c.status, n.printed(p.name))
	}
	return nil
}

// spawn starts p under a keeper.
func (n *node) spawn(p process) (*child, error) {
	program := p.program
	if program == nil {
		program = n.program
	}
	path, err := program.Path(p.name)
	if err != nil {
		return nil, err
	}
	env := append([]string{"PATH=" + program.SearchPath(), "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=" + n.inside(program.Root, "")}, p.env...)
	return startChild(order{
		Path: path, Args: p.args, Env: env, Root: program.Root, User: p.user, Proc: p.proc,
		Log: filepath.Join(n.folder, p.name+".log"), Folder: n.folder,
	})
}

// startLocked starts the processes of a stopped server and waits until it
// answers.
func (n *node) startLocked(ctx context.Context) error {
	processes, err := n.recipe.processes(ctx, n)
	if err != nil {
		return err
	}
	if err := n.launchLocked(ctx, processes); err != nil {
		return err
	}
	if err := n.awaitLocked(ctx); err != nil {
		return errors.Join(err, n.killLocked())
	}
	n.down, n.frozen = false, false
	return nil
}

// launchLocked starts processes and waits until each is ready. A set-up that
// needs one of them for a while calls it too, and stopLocked.
func (n *node) launchLocked(ctx context.Context, processes []process) error {
	for _, p := range processes {
		c, err := n.spawn(p)
		if err != nil {
			return errors.Join(err, n.killLocked())
		}
		n.children = append(n.children, c)
		if p.ready == nil {
			continue
		}
		if err := n.poll(ctx, p.ready); err != nil {
			return errors.Join(err, n.killLocked())
		}
	}
	return nil
}

// awaitLocked waits until the server answers. Before it has settled, its
// recipe may have nothing to ask yet.
func (n *node) awaitLocked(ctx context.Context) error {
	return n.poll(ctx, func(ctx context.Context) error {
		version, err := n.recipe.answers(ctx, n.access)
		if err == nil {
			n.version = cmp.Or(version, n.program.Version)
		}
		return err
	})
}

// poll is [poll] that also ends when a process of the server has.
func (n *node) poll(ctx context.Context, ask func(context.Context) error) error {
	err := poll(ctx, func(ctx context.Context) error {
		err := ask(ctx)
		if dead := n.deadLocked(); err != nil && dead != nil {
			return fatal{dead}
		}
		return err
	})
	if ctx.Err() != nil && err != nil {
		return fmt.Errorf("%w%s", err, n.printedByAll())
	}
	return err
}

// deadLocked tells of a process of the server that has ended by itself.
func (n *node) deadLocked() error {
	for _, c := range n.children {
		if c.hasEnded() {
			name := filepath.Base(c.order.Path)
			return fmt.Errorf("%s ended: %s: %s", name, c.status, n.printed(name))
		}
	}
	return nil
}

// stoppedLocked is an error of a server that has no process.
func (n *node) stoppedLocked() error {
	if len(n.children) == 0 {
		return errors.New("it does not run")
	}
	return nil
}

// A fatal error is one after which asking again is no use.
type fatal struct{ error }

// poll asks until there is no error, or a fatal one, or ctx has ended.
func poll(ctx context.Context, ask func(context.Context) error) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			return ask(ctx)
		}()
		if over, ok := errors.AsType[fatal](err); ok {
			return over.error
		}
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain: %w (%w)", err, ctx.Err())
		}
	}
}

func (n *node) printedByAll() string {
	var all strings.Builder
	for _, c := range n.children {
		name := filepath.Base(c.order.Path)
		fmt.Fprintf(&all, "; %s: %s", name, n.printed(name))
	}
	return all.String()
}

// printed is the end of what a program of n printed.
func (n *node) printed(name string) string {
	const most = 2000
	b, err := os.ReadFile(filepath.Join(n.folder, name+".log"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(b[max(0, len(b)-most):]))
}

// bringBack makes a server that a test stopped run again. A server that ended
// by itself is brought back too, and told.
func (n *node) bringBack(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ended {
		return nil
	}
	if err := n.thawLocked(); err != nil {
		return err
	}
	if n.down {
		return n.restartLocked(ctx)
	}
	if dead := n.deadLocked(); dead != nil {
		return errors.Join(fmt.Errorf("by itself: %w", dead), n.restartLocked(ctx))
	}
	return nil
}

func (n *node) stop(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stopLocked(ctx)
}

// stopLocked ends the processes, last first, and waits for each.
func (n *node) stopLocked(ctx context.Context) error {
	if err := n.thawLocked(); err != nil {
		return err
	}
	n.down = true
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	for _, c := range slices.Backward(n.children) {
		if err := c.terminate(ctx); err != nil {
			return errors.Join(err, n.killLocked())
		}
	}
	n.releaseLocked()
	return nil
}

func (n *node) kill(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.killLocked()
}

func (n *node) killLocked() error {
	n.down, n.frozen = true, false
	// All are stopped first, so that none acts upon the end of another.
	var errs []error
	for _, c := range n.children {
		errs = append(errs, c.freeze())
	}
	for _, c := range n.children {
		errs = append(errs, c.kill())
	}
	n.releaseLocked()
	return errors.Join(errs...)
}

// releaseLocked lets the keepers of ended processes go.
func (n *node) releaseLocked() {
	for _, c := range n.children {
		c.release()
	}
	n.children = nil
}

func (n *node) freeze(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := cmp.Or(n.deadLocked(), n.stoppedLocked()); err != nil {
		return err
	}
	n.down, n.frozen = true, true
	var errs []error
	for _, c := range n.children {
		errs = append(errs, c.freeze())
	}
	for _, c := range n.children {
		errs = append(errs, c.awaitFrozen())
	}
	return errors.Join(errs...)
}

func (n *node) thaw(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.thawLocked()
}

func (n *node) thawLocked() error {
	if !n.frozen {
		return nil
	}
	n.down, n.frozen = false, false
	var errs []error
	for _, c := range n.children {
		errs = append(errs, c.thaw())
	}
	return errors.Join(errs...)
}

func (n *node) restart(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.restartLocked(ctx)
}

func (n *node) restartLocked(ctx context.Context) error {
	if err := n.stopLocked(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return n.startLocked(ctx)
}

// end kills the server and removes what it kept. Its ports are free again.
func (n *node) end() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ended || n.folder == "" {
		return nil
	}
	n.ended = true
	errs := []error{n.killLocked()}
	for _, p := range n.ports {
		errs = append(errs, p.release())
	}
	errs = append(errs, os.RemoveAll(n.folder))
	if n.unlock != nil {
		errs = append(errs, n.unlock())
	}
	return errors.Join(errs...)
}

// usedBy notes a test that uses n, until release.
func (n *node) usedBy(test string) (release func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.users = append(n.users, test)
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if i := slices.Index(n.users, test); i >= 0 {
			n.users = slices.Delete(n.users, i, i+1)
		}
	}
}

// otherUser names a test that uses n beside test. A test and its subtests are
// one.
func (n *node) otherUser(test string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	own, _, _ := strings.Cut(test, "/")
	for _, user := range n.users {
		if top, _, _ := strings.Cut(user, "/"); top != own {
			return user
		}
	}
	return ""
}

// newPassword is one that needs no quoting anywhere.
func newPassword() string { return rand.Text() }

// hostPort divides an address; what is none has no port.
func hostPort(addr string) (host string, port int) {
	host, digits, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, 0
	}
	port, err = strconv.Atoi(digits)
	if err != nil {
		return host, 0
	}
	return host, port
}

func portOf(addr string) int {
	_, port := hostPort(addr)
	return port
}
