package engines

import (
	"cmp"
	"context"
	"debug/buildinfo"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// said finds the version of a server in what it prints for --version.
func said(server, pattern string) func(context.Context, place) string {
	version := regexp.MustCompile(pattern)
	return func(ctx context.Context, p place) string {
		cmd, err := p.command(ctx, server, "--version")
		if err != nil {
			return ""
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			return "" // a program that cannot even say this cannot be used
		}
		return firstGroup(version, string(out))
	}
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

// older reports whether version a is before b, number by number: 10.2 is before
// 10.11, and 15 is not before 15.
func older(a, b string) bool {
	return slices.CompareFunc(numbers(a), numbers(b), cmp.Compare[int]) < 0
}

func numbers(version string) []int {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		digits := part[:len(part)-len(strings.TrimLeft(part, "0123456789"))]
		n, err := strconv.Atoi(digits)
		if err != nil {
			break // what follows is no version any more: 10.11.rc1
		}
		all = append(all, n)
	}
	return all
}
