package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	goformat "go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// files calls f with the path, relative to root, of every file that is not
// below a directory with a leading dot: .git and .cache are not ours to check.
func files(root string, f func(path string) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if !d.Type().IsRegular() {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return f(filepath.ToSlash(rel))
	})
}

// format looks at every Go file but those in testdata, as gofmt does.
func format(_ context.Context, g *gate) error {
	var unformatted []string
	err := files(g.root, func(path string) error {
		if !strings.HasSuffix(path, ".go") || slices.Contains(strings.Split(path, "/"), "testdata") {
			return nil
		}
		src, err := os.ReadFile(filepath.Join(g.root, path))
		if err != nil {
			return err
		}
		// Source alone would take a part of a file for one.
		if _, err := parser.ParseFile(token.NewFileSet(), path, src, parser.PackageClauseOnly); err != nil {
			return err
		}
		formatted, err := goformat.Source(src)
		if err != nil {
			return fmt.Errorf("%s:%w", path, err)
		}
		if !bytes.Equal(src, formatted) {
			unformatted = append(unformatted, path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(unformatted) > 0 {
		return fmt.Errorf("run gofmt -s -w %s", strings.Join(unformatted, " "))
	}
	return nil
}

// generated runs the generators and sees whether a file changed, committed or
// not. What changed is left for the developer to look at and commit.
func generated(ctx context.Context, g *gate) error {
	before, err := snapshot(g.root)
	if err != nil {
		return err
	}
	if err := g.showAll(ctx, goTool("", nil, "generate", "./...")); err != nil {
		return err
	}
	after, err := snapshot(g.root)
	if err != nil {
		return err
	}
	if stale := differences(before, after); len(stale) > 0 {
		return errors.New("stale, now generated anew, commit them: " + strings.Join(stale, " "))
	}
	return nil
}

// snapshot takes the checksum of every file of the tree.
func snapshot(root string) (map[string][sha256.Size]byte, error) {
	sums := map[string][sha256.Size]byte{}
	err := files(root, func(path string) error {
		content, err := os.ReadFile(filepath.Join(root, path))
		sums[path] = sha256.Sum256(content)
		return err
	})
	return sums, err
}

// differences returns the files that are not the same in both, sorted.
func differences(before, after map[string][sha256.Size]byte) []string {
	var paths []string
	for path, sum := range after {
		if old, ok := before[path]; !ok || old != sum {
			paths = append(paths, path)
		}
	}
	for path := range before {
		if _, ok := after[path]; !ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}
