package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/redfire-quant/redfire/fault"
)

// variables returns the variables of env that are RedFire's.
func variables(env []string) map[string]string {
	ours := map[string]string{}
	for _, pair := range env {
		if name, text, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, prefix) {
			ours[name] = text
		}
	}
	return ours
}

// notKeys are variables that begin like ours and name no key: those that steer
// the program and its tests, and those that Kubernetes sets in every container
// for a service that is called redfire or redfire-something. None of them has
// two underscores in a row.
var notKeys = regexp.MustCompile(`^REDFIRE_(CONFIG|LANG|ENGINES|TEST_\w+|(\w+_)?SERVICE_HOST|(\w+_)?SERVICE_PORT(_\w+)?|(\w+_)?PORT(_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)?)$`)

func (l *Layers) readEnv(env map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		p := place{Place: fault.Place{File: name}, env: true}
		path := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "__", "."))
		k, err := l.find(path)
		switch {
		case err != nil && notKeys.MatchString(name) && !strings.Contains(name, "__"):
		case err != nil:
			l.problem(p, "", fault.ConfigUnknownVariable.Errorf("it stands for no key: %w", err))
		case name != variable(path):
			l.problem(p, "", fault.ConfigUnknownVariable.Errorf("write it in capitals: %s", variable(path)))
		default:
			l.readVariable(p, k, path, env[name])
		}
	}
}

func (l *Layers) readVariable(p place, k *node, path, text string) {
	v := value{text: text, place: p}
	switch {
	case k.Type == Section || k.Type == NamedSection:
		l.problem(p, "", fault.ConfigUnknownVariable.Errorf("%s is a section: set its keys one by one, as in %s", path, example(k)))
		return
	case k.Type.isList():
		for _, text := range listItems(text) {
			v.items = append(v.items, item{text, p})
		}
	}
	l.give(path, v)
	at := l.root
	whole := ""
	for name := range strings.SplitSeq(path, ".") {
		if at.Type == NamedSection {
			l.name(whole, name, p)
		}
		at, whole = at.child(name), join(whole, name)
	}
}

// listItems reads a list as YAML does, [a, b], or as a single item.
func listItems(text string) []string {
	var items []string
	if strings.HasPrefix(text, "[") && yaml.Unmarshal([]byte(text), &items) == nil {
		return items
	}
	if text == "" {
		return nil
	}
	return []string{text}
}

// example returns the variable of the first key below k.
func example(k *node) string {
	var name string
	k.walk(func(n *node) {
		if name == "" {
			name = n.Variable
		}
	})
	return name
}

// find returns the key at a path with real names in it. The error names the
// nearest key.
func (l *Layers) find(path string) (*node, error) {
	at := l.root
	for name := range strings.SplitSeq(path, ".") {
		next := at.child(name)
		if next == nil {
			return nil, unknownKey(at, name)
		}
		at = next
	}
	return at, nil
}
