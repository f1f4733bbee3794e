//go:build unix

package engines

import (
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
