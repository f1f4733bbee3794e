//go:build !linux

package seriesbench

import "os"

// syncData makes a file durable.
func syncData(f *os.File) error { return f.Sync() }
