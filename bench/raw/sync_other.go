//go:build !linux

package raw

import "os"

// syncData makes a file durable.
func syncData(f *os.File) error { return f.Sync() }
