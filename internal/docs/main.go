// Command docs makes the pages and files that are derived from the source, so
// that what they say stays true:
//
//	docs comments   config/docs_gen.go, from the doc comments of config
//	docs pages      the references of errors, of the configuration and of the
//	                HTTP server, in both languages, and the JSON Schema
//
// "go generate ./..." runs both, in this order: the pages hold the comments.
// A test of this package fails while anything is stale.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("docs: say what to make: comments or pages")
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	var made []file
	switch args[0] {
	case "comments":
		made, err = comments(root)
	case "pages":
		made, err = pages(root)
	default:
		err = fmt.Errorf("docs: there is no %q: comments and pages can be made", args[0])
	}
	if err != nil {
		return err
	}
	for _, f := range made {
		if err := f.write(root); err != nil {
			return err
		}
	}
	return nil
}

// A file is one that was made: its path from the module's root, by slashes.
type file struct {
	path string
	text []byte
}

func (f file) write(root string) error {
	path := filepath.Join(root, filepath.FromSlash(f.path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, f.text, 0o644)
}

// moduleRoot returns the nearest folder above the working directory that holds
// a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("docs: no go.mod in this folder or above it")
		}
		dir = parent
	}
}

// pages returns all pages.
func pages(root string) ([]file, error) {
	made := []file{
		{"docs/en/errors.md", errorPage("en")},
		{"docs/zh/errors.md", errorPage("zh")},
		{"docs/en/configuration.md", configPage("en")},
		{"docs/zh/configuration.md", configPage("zh")},
	}
	schema, err := schemaFile()
	if err != nil {
		return nil, err
	}
	doc, err := served()
	if err != nil {
		return nil, err
	}
	reference, err := apiPages(root, doc)
	return append(append(made, schema), reference...), err
}
