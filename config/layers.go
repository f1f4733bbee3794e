package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/redfire-quant/redfire/fault"
)

// DefaultFile is read if it exists and no other file is named.
const DefaultFile = "redfire.yaml"

// FileVariable names the configuration file, where no flag does.
const FileVariable = prefix + "CONFIG"

// maxFile is far more than a configuration needs: what is larger is another
// file given by mistake.
const maxFile = 1 << 20

// Options tell where settings come from. The zero value is what a program
// wants.
type Options struct {
	// File is the path of the configuration file. If it is "", the variable
	// REDFIRE_CONFIG names it, and if that is not set, ./redfire.yaml is read
	// if it exists.
	File string

	// Env is the environment as [os.Environ] returns it, which nil means.
	Env []string
}

// Layers are the settings as they were given: the file, and above it the
// environment. They do not change once they are read.
type Layers struct {
	file     string
	root     *node
	given    map[string][]value          // by path; the last one counts
	named    map[string]map[string]place // the names below a path of named sections
	problems fault.List
}

// A value is one that was given for a key.
type value struct {
	text  string
	items []item // of a list
	place place
}

type item struct {
	text  string
	place place
}

// A place is where a value was given, and the folder from which a relative
// path counts there, "" for the working directory.
type place struct {
	fault.Place
	folder string
	env    bool
}

// Load reads and checks the configuration. A nil opts is the same as a pointer
// to the zero Options. If anything is wrong the error is a [fault.List] of all
// that is, or the one thing, and no Config is returned.
func Load(opts *Options) (*Config, error) {
	l, err := Read(opts)
	if err != nil {
		return nil, err
	}
	return l.Config()
}

// Read reads the settings without checking what is in them. It fails if the
// file cannot be read or is not YAML. A nil opts is the same as a pointer to
// the zero Options.
func Read(opts *Options) (*Layers, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Env == nil {
		o.Env = os.Environ()
	}
	l := &Layers{root: tree(), given: map[string][]value{}, named: map[string]map[string]place{}}
	l.root.walk(func(n *node) {
		if n.Type == NamedSection {
			l.named[n.Path] = map[string]place{}
			for _, name := range n.names {
				l.named[n.Path][name] = place{}
			}
		}
	})
	env := variables(o.Env)
	text, err := l.open(o.File, env)
	if err != nil {
		return nil, err
	}
	if err := l.readYAML(text); err != nil {
		return nil, err
	}
	l.readEnv(env)
	return l, nil
}

// Format prints the name of the file and no values: some are secrets.
func (l *Layers) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "config.Layers of %q", l.file) }

// File returns the path of the configuration file, "" if there is none.
func (l *Layers) File() string { return l.file }

// open finds the file and returns its text.
func (l *Layers) open(named string, env map[string]string) ([]byte, error) {
	l.file = named
	if l.file == "" {
		l.file = env[FileVariable]
	}
	wanted := l.file != ""
	if !wanted {
		l.file = DefaultFile
	}
	text, err := readFile(l.file, maxFile)
	switch {
	case err == nil:
		return text, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fault.At(fault.Place{File: l.file}, fault.ConfigUnreadable.Errorf("config: read: %w", fault.WithoutPath(err)))
	case wanted:
		return nil, fault.At(fault.Place{File: l.file}, fault.ConfigMissing.Errorf("config: read: %w", fault.WithoutPath(err)))
	}
	l.file = ""
	return nil, nil
}

// readFile returns the content of a regular file or a pipe of at most limit
// bytes.
func readFile(path string, limit int64) (text []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		return nil, fault.ConfigUnreadable.Errorf("it is larger than %d bytes", limit)
	}
	return text, err
}

func (l *Layers) problem(p place, key string, err error) {
	at := p.Place
	at.Field = key
	l.problems = append(l.problems, fault.At(at, err))
}

// give notes a value for the key at path.
func (l *Layers) give(path string, v value) {
	l.given[path] = append(l.given[path], v)
}

// name notes that the section name stands below path.
func (l *Layers) name(path, name string, p place) {
	if l.named[path] == nil {
		l.named[path] = map[string]place{}
	}
	if _, ok := l.named[path][name]; !ok {
		l.named[path][name] = p
	}
}

// names returns the names below a path of named sections, sorted.
func (l *Layers) names(path string) []string {
	return slices.Sorted(maps.Keys(l.named[path]))
}

// resolve returns path as seen from the working directory.
func (p place) resolve(path string) string {
	if path == "" || p.folder == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(p.folder, path)
}
