package servers

import (
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mountProc gives the calling thread, and what it starts, a /proc in root that
// nobody else sees: it goes with the last of them.
func mountProc(root string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := unix.Mount("proc", filepath.Join(root, "proc"), "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc in %s: %w", root, err)
	}
	return nil
}

// mayMount reports whether this process may call mountProc. Root in a container
// often may not.
func mayMount() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var words [2]unix.CapUserData
	err := unix.Capget(&header, &words[0])
	return err == nil && words[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}
