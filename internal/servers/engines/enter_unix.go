//go:build unix

package engines

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// mayEnter reports whether this process may have root as its root.
func mayEnter(root string) bool { return root == "" || os.Geteuid() == 0 }

// enter has cmd run with root as its root.
func enter(cmd *exec.Cmd, root string) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	return nil
}

// own puts cmd, and what it will start, into a process group of their own.
func own(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// end kills the process group of cmd, which [own] gave it.
func end(cmd *exec.Cmd) {
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); errors.Is(err, syscall.ESRCH) {
		return // all of them have ended
	}
}
