package engines

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// said finds the version of a server in what it prints for --version.
func said(server, pattern string) func(context.Context, place) string {
	version := regexp.MustCompile(pattern)
	return func(ctx context.Context, p place) string {
		cmd, err := p.command(ctx, server, "--version")
		if err != nil {
			return ""
		}
		return firstGroup(version, output(ctx, cmd, answerWithin))
	}
}

// answerWithin is how long a program may take to say its version. It takes some
// milliseconds, on a busy machine that reads it from the disk a second.
const answerWithin = 10 * time.Second

// output is what cmd prints within a time, "" if it fails: a program that cannot
// even say its version cannot be used.
func output(ctx context.Context, cmd *exec.Cmd, within time.Duration) string {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second // whoever inherited its output may hold it open
	own(cmd)
	if cmd.Start() != nil {
		return ""
	}
	stop := context.AfterFunc(ctx, func() { end(cmd) })
	defer stop()
	if cmd.Wait() != nil {
		end(cmd)
		return ""
	}
	return out.String()
}

// module finds the version of the Go module that a program was built from.
func module(server, path string) func(context.Context, place) string {
	return func(_ context.Context, p place) string {
		name, err := p.path(server)
		if err != nil {
			return ""
		}
		info, err := buildinfo.ReadFile(filepath.Join(p.root, name))
		if err != nil {
			return ""
		}
		if info.Main.Path == path {
			return strings.TrimPrefix(info.Main.Version, "v")
		}
		for _, dep := range info.Deps {
			if dep.Path == path {
				return strings.TrimPrefix(dep.Version, "v")
			}
		}
		return ""
	}
}

func firstGroup(r *regexp.Regexp, s string) string {
	if found := r.FindStringSubmatch(s); found != nil {
		return found[1]
	}
	return ""
}

// TooOld reports whether version is one before the oldest that counts.
func (e Engine) TooOld(version string) bool { return older(version, e.AtLeast) }

// older reports whether version a is before b, number by number: 10.2 is before
// 10.11, and neither of 15 and 15.0 is before the other.
func older(a, b string) bool {
	x, y := numbers(a), numbers(b)
	for len(x) < len(y) {
		x = append(x, 0)
	}
	return slices.Compare(x, y) < 0
}

// numbers returns the numbers at the front of a version: 10 and 11 of 10.11-rc.1.
func numbers(version string) []int {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		digits := part[:len(part)-len(strings.TrimLeft(part, "0123456789"))]
		n, err := strconv.Atoi(digits)
		if err != nil {
			break
		}
		all = append(all, n)
		if digits != part {
			break
		}
	}
	return all
}
