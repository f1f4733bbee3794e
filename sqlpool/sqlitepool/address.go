package sqlitepool

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// An address is what a source's URL says.
type address struct {
	path     string // absolute
	readOnly bool   // mode=ro
	create   bool   // the file is made if it is missing
	pragmas  map[string]string
}

// defaults are the PRAGMAs of each connection where the address says nothing else.
// fullfsync is what makes a commit outlast a loss of power on macOS; elsewhere
// there is nothing to it.
var defaults = map[string]string{
	"busy_timeout":         "10000",
	"synchronous":          "FULL",
	"foreign_keys":         "ON",
	"fullfsync":            "ON",
	"checkpoint_fullfsync": "ON",
}

// parameters are those of an address, and how the value of each is read.
var parameters = map[string]func(string) (string, bool){
	"mode":               oneOf("ro", "rw", "rwc"),
	"synchronous":        oneOf("full", "normal", "extra"),
	"temp_store":         oneOf("default", "file", "memory"),
	"busy_timeout":       milliseconds,
	"cache_size":         integer,
	"mmap_size":          natural,
	"wal_autocheckpoint": natural,
	"journal_size_limit": integer,
}

func oneOf(words ...string) func(string) (string, bool) {
	return func(s string) (string, bool) { return s, slices.Contains(words, s) }
}

func integer(s string) (string, bool) {
	_, err := strconv.ParseInt(s, 10, 64)
	return s, err == nil
}

func natural(s string) (string, bool) {
	_, err := strconv.ParseUint(s, 10, 63)
	return s, err == nil
}

func milliseconds(s string) (string, bool) {
	d, err := time.ParseDuration(s)
	return strconv.FormatInt(d.Milliseconds(), 10), err == nil && d >= 0 && d <= time.Hour
}

// settings is what stands behind a path: "mode=ro&cache_size=-2000".
var settings = regexp.MustCompile(`^(\w+=[^&=?]*(&\w+=[^&=?]*)*)?$`)

// parseAddress reads a URL.
func parseAddress(url string) (address, error) {
	a := address{create: true, pragmas: maps.Clone(defaults)}
	rest, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return a, fault.SQLSource.Errorf("the address of an SQLite file is written as %s", "sqlite:path")
	}
	path, given := rest, ""
	if at := strings.LastIndexByte(rest, '?'); at >= 0 && settings.MatchString(rest[at+1:]) {
		path, given = rest[:at], rest[at+1:]
	}
	if err := checkPath(path); err != nil {
		return a, err
	}
	if err := a.set(given); err != nil {
		return a, err
	}
	var err error
	if a.path, err = filepath.Abs(path); err != nil {
		return a, fault.SQLSource.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// checkPath refuses what looks like a path and is none.
func checkPath(path string) error {
	switch {
	case path == "":
		return fault.SQLSource.Errorf("the address names no file; write it as %s", "sqlite:path")
	case strings.Contains(path, ":memory:"):
		return fault.SQLSource.Errorf("each connection would have a database in memory of its own; name a file")
	case strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///"), strings.HasPrefix(path, "file:"):
		return fault.SQLSource.Errorf("the address of an SQLite file is written as %s", "sqlite:path")
	case strings.ContainsRune(path, 0):
		return fault.SQLSource.Errorf("the path holds a byte that no path can hold")
	case strings.HasSuffix(path, "/") || strings.HasSuffix(path, string(filepath.Separator)):
		return fault.SQLSource.Errorf("%s is a folder, not a file", path)
	}
	return nil
}

// set takes over the parameters.
func (a *address) set(given string) error {
	if given == "" {
		return nil
	}
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(given, "&") {
		name, value, _ := strings.Cut(pair, "=")
		read, ok := parameters[name]
		if !ok {
			known := slices.Sorted(maps.Keys(parameters))
			return fault.SQLSource.Errorf("there is no parameter %q; there are %s", name, strings.Join(known, ", "))
		}
		if seen[name] {
			return fault.SQLSource.Errorf("the parameter %q is given twice", name)
		}
		seen[name] = true
		value, ok = read(value)
		if !ok {
			return fault.SQLSource.Errorf("the parameter %q cannot be %q", name, strings.TrimPrefix(pair, name+"="))
		}
		if name == "mode" {
			a.readOnly, a.create = value == "ro", value == "rwc"
			continue
		}
		a.pragmas[name] = value
	}
	return nil
}

// name is the name by which SQLite opens the file. Of its own way of writing it only
// three characters mean something else than themselves.
func (a address) name() string {
	mode := "rw" // what is missing was made before
	if a.readOnly {
		mode = "ro"
	}
	path := filepath.ToSlash(a.path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/...
	}
	path = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	return "file://" + path + "?mode=" + mode + "&_time_format=sqlite&_timezone=UTC&_error_rc=1&_dqs=0"
}

// session is the SQL that makes a session as the address says.
func (a address) session() string {
	var b strings.Builder
	fmt.Fprintf(&b, "PRAGMA busy_timeout=%s;", a.pragmas["busy_timeout"]) // the others may wait
	for _, name := range slices.Sorted(maps.Keys(a.pragmas)) {
		if strings.HasSuffix(name, "fullfsync") && runtime.GOOS != "darwin" {
			continue
		}
		fmt.Fprintf(&b, "PRAGMA %s=%s;", name, a.pragmas[name])
	}
	return b.String()
}
