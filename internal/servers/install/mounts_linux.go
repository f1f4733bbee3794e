package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// detach unmounts what is mounted below path. A bootstrap that was killed may
// have left the machine's own devices there, which must not be removed.
func detach(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	for _, point := range slices.Backward(mountsBelow(real, string(table))) {
		if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil {
			return fmt.Errorf("unmount %s: %w", point, err)
		}
	}
	if table, err = os.ReadFile("/proc/self/mountinfo"); err != nil {
		return err
	}
	if left := mountsBelow(real, string(table)); len(left) > 0 {
		return fmt.Errorf("%s is still mounted", left[0])
	}
	return nil
}

// mountsBelow returns the mount points at and below path, in the order in which
// they were mounted.
func mountsBelow(path, table string) []string {
	var points []string
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		if point := unescape(fields[4]); point == path || strings.HasPrefix(point, path+"/") {
			points = append(points, point)
		}
	}
	return points
}

// unescape reads a path of the table of mounts, where a space is \040.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
