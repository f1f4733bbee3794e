package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A source is a place that apt gets packages from.
type source struct {
	uris, suites, components []string
	signedBy                 string
}

// debianSuites are those of Debian itself.
var debianSuites = []string{
	"bullseye", "bookworm", "trixie", "forky", "duke", "sid",
	"oldoldstable", "oldstable", "stable", "testing", "unstable",
}

// debianMirror finds the mirror of Debian that the apt of the machine whose
// files lie below root uses, or why Debian cannot be bootstrapped there.
func debianMirror(root string) (string, error) {
	apt := filepath.Join(root, "etc/apt")
	files := []string{filepath.Join(apt, "sources.list"), filepath.Join(apt, "sources.list.d/debian.sources")}
	for _, pattern := range []string{"*.sources", "*.list"} {
		more, err := filepath.Glob(filepath.Join(apt, "sources.list.d", pattern))
		if err != nil {
			return "", err
		}
		files = append(files, more...)
	}
	mirror := ""
	for _, name := range files {
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return "", err
		}
		parse := parseOneLine
		if strings.HasSuffix(name, ".sources") {
			parse = parseDeb822
		}
		if mirror = firstMirror(root, parse(string(text))); mirror != "" {
			break
		}
	}
	if mirror == "" {
		return "", errors.New("no mirror of Debian is among the sources of apt")
	}
	keyrings, err := filepath.Glob(filepath.Join(root, "usr/share/keyrings/debian-archive-keyring.*"))
	if err != nil || len(keyrings) == 0 {
		return "", errors.New("the package debian-archive-keyring is not installed")
	}
	return mirror, nil
}

// firstMirror returns the first that has whole releases of Debian. Others use the
// same names for what they publish, but have keys of their own.
func firstMirror(root string, all []source) string {
	for _, s := range all {
		whole := slices.ContainsFunc(s.suites, func(suite string) bool { return slices.Contains(debianSuites, suite) })
		foreign := s.signedBy != "" && !strings.Contains(s.signedBy, "debian-archive")
		if !whole || foreign || !slices.Contains(s.components, "main") {
			continue
		}
		for _, uri := range s.uris {
			uri = strings.TrimRight(resolve(root, uri), "/")
			if strings.HasSuffix(uri, "/debian") || strings.Contains(uri, "/archive/debian/") {
				return uri
			}
		}
	}
	return ""
}

// resolve returns the first mirror of a list, which is what apt is given on many
// machines in a cloud.
func resolve(root, uri string) string {
	name, isList := strings.CutPrefix(uri, "mirror+file:")
	if !isList {
		return uri
	}
	text, err := os.ReadFile(filepath.Join(root, strings.TrimPrefix(name, "//")))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			return words[0]
		}
	}
	return ""
}

// parseOneLine reads a file of apt's older format: type, options in brackets,
// address, suite and components on a line.
func parseOneLine(text string) []source {
	var all []source
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		kind, rest, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(line, "\t", " ")), " ")
		rest, options := strings.TrimSpace(rest), ""
		if strings.HasPrefix(rest, "[") {
			options, rest, _ = strings.Cut(rest[1:], "]")
		}
		if words := strings.Fields(rest); kind == "deb" && len(words) >= 2 {
			all = append(all, source{words[:1], words[1:2], words[2:], signedBy(options)})
		}
	}
	return all
}

func signedBy(options string) string {
	for option := range strings.FieldsSeq(options) {
		if key, found := strings.CutPrefix(option, "signed-by="); found {
			return key
		}
	}
	return ""
}

// parseDeb822 reads a file of apt's newer format.
func parseDeb822(text string) []source {
	var all []source
	for _, p := range paragraphs(text) {
		disabled := slices.Contains([]string{"no", "false", "without", "off", "disable"}, strings.ToLower(p["enabled"]))
		if !disabled && slices.Contains(strings.Fields(p["types"]), "deb") {
			all = append(all, source{strings.Fields(p["uris"]), strings.Fields(p["suites"]), strings.Fields(p["components"]), p["signed-by"]})
		}
	}
	return all
}

// paragraphs returns the fields of each, with their names in small letters. A line
// that begins with a space goes on with the field before.
func paragraphs(text string) []map[string]string {
	all := []map[string]string{{}}
	field := ""
	for line := range strings.Lines(text) {
		last := all[len(all)-1]
		name, value, found := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.TrimSpace(line) == "":
			all, field = append(all, map[string]string{}), ""
		case line[0] == ' ' || line[0] == '\t':
			last[field] += " " + strings.TrimSpace(line)
		case found:
			field = strings.ToLower(name)
			last[field] = strings.TrimSpace(value)
		}
	}
	return all
}
