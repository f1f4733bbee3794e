package raw

import (
	"os"
	"syscall"
)

// syncData makes what a file holds durable, without its times.
func syncData(f *os.File) error {
	return os.NewSyscallError("fdatasync", syscall.Fdatasync(int(f.Fd())))
}
