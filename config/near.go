package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/redfire-quant/redfire/fault"
)

// unknownKey returns the error for a key that the section k does not have.
func unknownKey(k *node, name string) error {
	name = keyText(name)
	if k.Type != Section && k.Type != NamedSection {
		return fault.ConfigUnknownKey.Errorf("unknown key %q; %s is a value and has no keys below it", clip(name), k.name)
	}
	if k.Type == NamedSection {
		return fault.ConfigName.Errorf("%q is not a name: use lower-case letters, digits and single underscores, a letter first, %d at most", clip(name), maxName)
	}
	if near := Nearest(name, childNames(k)); near != "" {
		return fault.ConfigUnknownKey.Errorf("unknown key %q; did you mean %q?", clip(name), near)
	}
	if path := elsewhere(name); path != "" {
		return fault.ConfigUnknownKey.Errorf("unknown key %q; it stands at %s", clip(name), path)
	}
	return fault.ConfigUnknownKey.Errorf("unknown key %q; the keys here are %s", clip(name), strings.Join(childNames(k), ", "))
}

// keyText returns of a key what may be shown. Where the space behind the colon
// was forgotten, the value that is part of the key may be a secret.
func keyText(name string) string {
	if i := strings.IndexAny(name, ":=："); i >= 0 {
		return name[:i] + "…"
	}
	return name
}

func childNames(k *node) []string {
	var names []string
	for _, c := range k.below {
		names = append(names, c.name)
	}
	return names
}

// elsewhere returns the path of the first key called name.
func elsewhere(name string) string {
	var path string
	tree().walk(func(n *node) {
		if path == "" && n.name == name {
			path = n.Path
		}
	})
	return path
}

// Nearest returns the one of names that name most likely means, or "". A
// third of the letters may be wrong.
func Nearest(name string, names []string) string {
	if len(name) > 2*maxName {
		return ""
	}
	name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	distance := func(n string) int { return levenshtein.ComputeDistance(name, n) }
	if len(names) == 0 {
		return ""
	}
	best := slices.MinFunc(names, func(a, b string) int { return distance(a) - distance(b) })
	if distance(best) > max(1, len(best)/3) {
		return ""
	}
	return best
}

// clip shortens what a user wrote for a message.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(s[:most], ""), len(s))
}
