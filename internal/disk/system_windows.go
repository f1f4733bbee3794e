package disk

import (
	"errors"
	"os"
	"syscall"
)

// isFull knows ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL.
func isFull(err error) bool {
	return errors.Is(err, syscall.Errno(39)) || errors.Is(err, syscall.Errno(112))
}

// syncFolder does nothing: NTFS keeps names in a journal of its own, and offers
// no way to wait for it.
func syncFolder(*os.File) error { return nil }

func free(string) (int64, error) { return 0, errors.ErrUnsupported }
