package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// A recipe does what a step is for. What it runs writes into the log.
type recipe func(ctx context.Context, log *os.File) error

// A work is one run of the command, over its folder:
//
//	bin, roots   what is whole
//	part         what is not yet, of this run only
//	build        what builds use and leave for one another
//	log          what the steps printed
//	lock         held by the one run that changes any of it
type work struct {
	folder   string
	machine  machine
	steps    []step
	progress *progress

	// look finds what is missing of the engines once more.
	look func(ctx context.Context) []string
}

// errEnded is why a step failed that was ended together with this run.
var errEnded = errors.New("this run was ended before it was done: run it again")

// get gets the missing engines into folder, those that can be had. It returns why
// others are not there, and whether nothing failed that was tried.
func get(ctx context.Context, folder string, missing []string, p *progress) (why map[string]string, well bool) {
	w := &work{folder: folder, steps: steps(), progress: p, machine: thisMachine(ctx, folder, missing)}
	w.look = func(ctx context.Context) []string {
		wanted, err := choose(missing)
		if err != nil {
			return missing // they have names of engines
		}
		return look(ctx, wanted).missing()
	}
	return w.get(ctx, missing)
}

func (w *work) get(ctx context.Context, missing []string) (why map[string]string, well bool) {
	if p := makePlan(w.steps, missing, w.machine); len(p.steps) == 0 {
		return p.cannot, true
	}
	ctx, release := endWithParent(ctx)
	defer release()
	stop := w.progress.start()
	defer stop()
	unlock, err := w.lock(ctx)
	if err != nil {
		return refuse(missing, nil, err), false
	}
	// Whoever had the lock before may have got what is missing.
	missing = w.look(ctx)
	w.machine.has = had(w.folder)
	p := makePlan(w.steps, missing, w.machine)
	failed, err := w.run(ctx, p)
	err = errors.Join(err, unlock())
	if err != nil {
		return refuse(missing, p.cannot, err), false
	}
	why = blame(missing, failed)
	for engine, reason := range p.cannot {
		why[engine] = reason
	}
	return why, len(failed) == 0
}

// endWithParent returns a context that also ends when the process that started
// this one has: go run, when it is ended, does not end what it runs.
func endWithParent(ctx context.Context) (withParent context.Context, release func()) {
	withParent, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	ticker := time.NewTicker(500 * time.Millisecond)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer ticker.Stop()
		for os.Getppid() == parent {
			select {
			case <-withParent.Done():
				return
			case <-ticker.C:
			}
		}
		cancel()
	}()
	return withParent, func() {
		cancel()
		<-done
	}
}

// refuse gives all the missing engines the same reason, but those that have one.
func refuse(missing []string, why map[string]string, err error) map[string]string {
	all := map[string]string{}
	for _, engine := range missing {
		all[engine] = err.Error()
	}
	for engine, reason := range why {
		all[engine] = reason
	}
	return all
}

// lock waits until no other run changes the folder.
func (w *work) lock(ctx context.Context) (unlock func() error, err error) {
	if err := os.MkdirAll(w.folder, 0o755); err != nil {
		return nil, err
	}
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	told := false
	for {
		unlock, err := disk.Lock(w.folder)
		var held *disk.HeldError
		if !errors.As(err, &held) {
			return unlock, err
		}
		if !told {
			w.progress.say("waiting: %s is held by %s, which gets engines already", held.Path, held.Holder)
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, errEnded
		case <-ticker.C:
		}
	}
}

// run takes the steps of p and returns which failed.
func (w *work) run(ctx context.Context, p plan) (failed map[string]error, err error) {
	if len(p.steps) == 0 {
		return nil, nil
	}
	if err := w.sweep(); err != nil {
		return nil, fmt.Errorf("remove what an earlier run left: %w", err)
	}
	if err := w.room(p); err != nil {
		return nil, err
	}
	for _, dir := range []string{"bin", "roots", "part", "build", "log"} {
		if err := os.MkdirAll(filepath.Join(w.folder, dir), 0o755); err != nil {
			return nil, err
		}
	}
	r := newRunning(p.steps)
	var all sync.WaitGroup
	for l := range lanes {
		all.Go(func() {
			for _, s := range p.steps {
				if s.lane == l {
					r.end(s.name, w.take(ctx, s, r))
				}
			}
		})
	}
	all.Wait()
	if ctx.Err() == nil && r.builtAll(p.steps) {
		// The caches of builds are the largest part of what lies here, and are
		// of no use before there are other versions, of which they know little.
		err = os.RemoveAll(filepath.Join(w.folder, "build"))
	}
	return r.failed(), errors.Join(err, w.sweep())
}

// room reports that the disk has too little of it.
func (w *work) room(p plan) error {
	d, err := disk.Open(w.folder)
	if err != nil {
		return err
	}
	free, err := d.Free()
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	} else if err != nil {
		return err
	}
	if need := p.size(); free < need {
		return fmt.Errorf("the disk of %s has %d MB free, about %d MB are needed for a while: make room, or choose another by REDFIRE_ENGINES",
			w.folder, free/megabyte, need/megabyte)
	}
	return nil
}

// sweep removes what is not whole.
func (w *work) sweep() error {
	part := filepath.Join(w.folder, "part")
	if err := detach(part); err != nil {
		return err
	}
	return os.RemoveAll(part)
}

// take takes a step once those before it are done.
func (w *work) take(ctx context.Context, s step, r *running) error {
	if err := r.wait(s.after); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errEnded
	}
	name := filepath.Join(w.folder, "log", filepath.Base(s.name)+".log")
	log, err := os.Create(name)
	if err != nil {
		return err
	}
	defer log.Close()
	end := w.progress.begin(s.what, s.usual)
	err = s.do(w)(ctx, log)
	switch {
	case err != nil && ctx.Err() != nil:
		err = errEnded
	case err != nil:
		err = fmt.Errorf("%w%s; what it printed is in %s", err, w.full(), name)
	}
	end(err)
	if err != nil && ctx.Err() == nil {
		w.progress.say("%s: the end of what it printed:\n%s", s.what, tail(name, 20))
		return fmt.Errorf("%s: %w", s.what, err)
	}
	return err
}

// full says that the disk is full, if it is: programs tell that in many ways.
func (w *work) full() string {
	d, err := disk.Open(w.folder)
	if err != nil {
		return ""
	}
	if free, err := d.Free(); err == nil && free < 50*megabyte {
		return fmt.Sprintf(" (the disk is full: %d MB are free)", free/megabyte)
	}
	return ""
}

// tail returns the last lines of a file, as far as they can be had.
func tail(name string, lines int) string {
	const most = 16 << 10
	f, err := os.Open(name)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		if _, err := f.Seek(max(0, size-most), io.SeekStart); err != nil {
			return err.Error()
		}
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(b)), "\n")
	return "\t" + strings.Join(all[max(0, len(all)-lines):], "\n\t")
}

// execute runs a program to its end, with this machine's environment but for env.
func execute(ctx context.Context, log *os.File, c command) error {
	fmt.Fprintf(log, "$ %s\n", strings.Join(c.args, " "))
	cmd := c.cmd(ctx)
	cmd.Stdout, cmd.Stderr = log, log
	began := time.Now()
	err := runToEnd(ctx, cmd)
	if state := cmd.ProcessState; state != nil {
		fmt.Fprintf(log, "%s: %v after %v, %v of processors\n", filepath.Base(c.args[0]), state,
			time.Since(began).Round(time.Millisecond), (state.UserTime() + state.SystemTime()).Round(time.Millisecond))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", cmp.Or(c.name, filepath.Base(c.args[0])), err)
	}
	return nil
}

// A command is a program with its arguments.
type command struct {
	name string // "" for that of the program
	dir  string
	env  []string // all of it, nil for this process's
	args []string
}

func (c command) cmd(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Env = c.dir, c.env
	return cmd
}

// temporary makes a folder for what is not whole yet.
func (w *work) temporary(name string) (string, error) {
	return os.MkdirTemp(filepath.Join(w.folder, "part"), filepath.Base(name)+"-*")
}

// publish gives what is whole, at from, its name. Its content is made durable
// first: what has its name must be whole after a loss of power, too.
func (w *work) publish(ctx context.Context, log *os.File, from, name string) error {
	to := filepath.Join(w.folder, name)
	if err := settle(ctx, log, from); err != nil {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		old, err := w.temporary(name)
		if err != nil {
			return err
		}
		if err := os.Rename(to, filepath.Join(old, "old")); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	d, err := disk.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return d.Sync()
}

// settle makes a file, or all files of a folder, durable.
func settle(ctx context.Context, log *os.File, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return execute(ctx, log, command{args: []string{"sync", "-f", path}})
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// had returns the steps whose things are there, of the engines that are two.
func had(folder string) []string {
	var has []string
	if _, err := engines.FindRoot(engines.MongoDB, engines.RootDocumentDB, "postgres"); err == nil {
		has = append(has, engines.RootDocumentDB)
	}
	if isBuilt(filepath.Join(folder, "bin", ferretdb), ferretModule) {
		has = append(has, ferretdb)
	}
	return has
}

// running is how far the steps are.
type running struct {
	done map[string]chan struct{} // closed when a step has ended

	mu   sync.Mutex // guards errs
	errs map[string]error
}

func newRunning(all []step) *running {
	r := &running{done: map[string]chan struct{}{}, errs: map[string]error{}}
	for _, s := range all {
		r.done[s.name] = make(chan struct{})
	}
	return r
}

func (r *running) end(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.errs[name] = err
	}
	close(r.done[name])
}

// wait waits for steps, and fails if one of them did. Those that are not planned
// need not be done.
func (r *running) wait(steps []string) error {
	for _, name := range steps {
		if done := r.done[name]; done != nil {
			<-done
		}
		r.mu.Lock()
		err := r.errs[name]
		r.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// failed returns the errors of the steps. All of them have ended.
func (r *running) failed() map[string]error { return r.errs }

// builtAll reports whether there were builds and none failed.
func (r *running) builtAll(steps []step) bool {
	built := false
	for _, s := range steps {
		if s.lane == building {
			built = true
			if r.errs[s.name] != nil {
				return false
			}
		}
	}
	return built
}
