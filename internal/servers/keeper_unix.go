//go:build unix

package servers

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// stopSignal is what makes the program end in good order: PostgreSQL waits for
// its clients when it is told to terminate.
func (o order) stopSignal() syscall.Signal {
	if filepath.Base(o.Path) == "postgres" {
		return syscall.SIGINT
	}
	return syscall.SIGTERM
}

// keep is the life of a keeper: it starts one program, tells how it ends, and
// ends it with all its descendants when orders end without a word.
func keep(orders io.Reader, events io.Writer) (exit int) {
	// Linux ends a child with the thread that started it, not the process.
	runtime.LockOSThread()
	// What is ignored here would be ignored by the program too, and what is
	// caught would not.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	lines := bufio.NewReader(orders)
	line, err := lines.ReadBytes('\n')
	var o order
	if err == nil {
		err = json.Unmarshal(line, &o)
	}
	if err == nil {
		err = adoptOrphans()
	}
	var pid int
	if err == nil {
		pid, err = o.start()
	}
	if err != nil {
		fmt.Fprintf(events, "%s %v\n", eventFailed, err)
		return 1
	}
	fmt.Fprintf(events, "%s %d\n", eventStarted, pid)
	reaped := make(chan struct{})
	over := make(chan int)
	go func() { over <- o.await(lines, pid, reaped) }()
	fmt.Fprintf(events, "%s %s\n", eventEnded, reap(pid))
	close(reaped)
	return <-over
}

// start starts the program; it dies with the keeper where the system can do
// that.
func (o order) start() (pid int, err error) {
	log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	attr := &syscall.SysProcAttr{Chroot: o.Root, Setpgid: true}
	dieWithParent(attr)
	if attr.Credential, err = credential(o.Root, o.User); err != nil {
		return 0, err
	}
	dir := o.Folder
	if o.Root != "" {
		dir = "/"
	}
	if o.Root != "" && o.Proc {
		if err := mountProc(o.Root); err != nil {
			return 0, err
		}
	}
	process, err := os.StartProcess(o.Path, append([]string{o.Path}, o.Args...), &os.ProcAttr{
		Dir: dir, Env: o.Env, Files: []*os.File{null, log, log}, Sys: attr,
	})
	if err != nil {
		return 0, err
	}
	return process.Pid, nil
}

// reap waits for pid, kills what it left, waits for that too, and returns how
// pid ended.
func reap(pid int) string {
	status := ""
	for {
		var ws syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &ws, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil: // no child is left
			return cmp.Or(status, "its keeper lost it")
		case ended == pid:
			status = describe(ws)
			// What cannot be listed ends with the keeper.
			_ = signalBelow(os.Getpid(), pid, syscall.SIGKILL)
		}
	}
}

func describe(ws syscall.WaitStatus) string {
	if ws.Signaled() {
		return "signal " + ws.Signal().String()
	}
	return fmt.Sprintf("exit status %d", ws.ExitStatus())
}

// await reads the word that lets the keeper go. If none comes, it ends the
// program and removes its folder.
func (o order) await(lines *bufio.Reader, pid int, reaped <-chan struct{}) (exit int) {
	if word, err := lines.ReadString('\n'); err == nil && word == wordKeep+"\n" {
		return 0
	}
	errs := []error{signalBelow(os.Getpid(), pid, syscall.SIGKILL)}
	<-reaped
	errs = append(errs, os.RemoveAll(o.Folder))
	if errors.Join(errs...) != nil {
		return 1 // whoever could be told is dead
	}
	return 0
}

// giveTo makes user, as root's programs know it, the owner of path.
func giveTo(path, root, user string) error {
	c, err := credential(root, user)
	if err != nil || c == nil {
		return err
	}
	return os.Chown(path, int(c.Uid), int(c.Gid))
}

// credential is that of user, or of nobody where there is no such user. It is
// nil where we are not root or no user is asked for.
func credential(root, user string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 || user == "" {
		return nil, nil
	}
	uid, gid, err := engines.Account(root, user)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uid, Gid: gid}, nil
}
