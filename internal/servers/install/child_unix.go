//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// runToEnd runs cmd in a process group that ends with cmd, with ctx, and with
// this process even if that is killed: another member of the group waits for the
// other end of a pipe to close, which the system then does.
func runToEnd(ctx context.Context, cmd *exec.Cmd) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	guard := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", "-c", "read -r _; kill -KILL 0")
	guard.Stdin = r
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = errors.Join(guard.Start(), r.Close())
	if err != nil {
		return err
	}
	group := guard.Process.Pid
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: group}
	if err = cmd.Start(); err == nil {
		stop := context.AfterFunc(ctx, func() { killGroup(group) })
		err = cmd.Wait()
		stop()
	}
	killGroup(group)
	if failed := guard.Wait(); failed == nil {
		err = errors.Join(err, errors.New("the guard of the process group ended by itself"))
	}
	return err
}

// killGroup kills a process group whose leader was not waited for, so that its
// number is nobody else's.
func killGroup(group int) {
	if err := syscall.Kill(-group, syscall.SIGKILL); err != nil {
		return // none of them is left
	}
}

// apart has cmd run in a process group of its own, so that what a terminal
// interrupts is this process and not cmd.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
