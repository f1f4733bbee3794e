//go:build linux || darwin

package servers

import (
	"errors"

	"golang.org/x/sys/unix"
)

// removeSegment has the system remove a segment of shared memory as soon as
// nobody has it any more.
func removeSegment(id int) error {
	_, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EIDRM) {
		return nil // it has been removed already
	}
	return err
}
