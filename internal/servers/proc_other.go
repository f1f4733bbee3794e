//go:build !linux

package servers

import "errors"

// mountProc is of no use where there is no /proc.
func mountProc(string) error { return errors.ErrUnsupported }

func mayMount() bool { return false }
