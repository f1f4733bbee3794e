package config

import (
	"slices"
	"strings"

	"github.com/redfire-quant/redfire/fault"
)

// An Explanation tells what is known of one key.
type Explanation struct {
	Key

	// Value is the value that counts, as it was written and without secrets.
	Value string

	// Origin is where Value comes from; its File is "" for the default.
	Origin fault.Place

	// Overrode are the values that do not count, the nearest first and the
	// default last.
	Overrode []Given
}

// Given is a value and where it comes from.
type Given struct {
	Value  string
	Origin fault.Place
}

// Explain tells where the value of a key comes from and what it overrode. For
// a section it does so for every key in it, in the order of the reference, and
// for "" for all keys. It does not check the values. The error for a key that
// does not exist is [fault.NotFound] and names the nearest one.
func (l *Layers) Explain(key string) ([]Explanation, error) {
	key = strings.TrimSuffix(key, ".")
	at := l.root
	if key != "" {
		var err error
		if at, err = l.findNamed(key); err != nil {
			return nil, fault.ConfigNoKey.Errorf("config: explain %s: %w", clip(key), err)
		}
	}
	var all []Explanation
	l.explain(at, key, &all)
	return all, nil
}

// findNamed is find for keys whose named sections exist.
func (l *Layers) findNamed(key string) (*node, error) {
	k, err := l.find(key)
	if err != nil {
		return nil, err
	}
	at, path := l.root, ""
	for name := range strings.SplitSeq(key, ".") {
		if _, ok := l.named[path][name]; at.Type == NamedSection && !ok {
			if len(l.named[path]) == 0 {
				return nil, fault.ConfigNoKey.Errorf("there is no %s called %q, nor by any other name", path, clip(name))
			}
			return nil, fault.ConfigNoKey.Errorf("there is no %s called %q; there are: %s", path, clip(name), strings.Join(l.names(path), ", "))
		}
		at, path = at.child(name), join(path, name)
	}
	return k, nil
}

func (l *Layers) explain(k *node, path string, all *[]Explanation) {
	switch k.Type {
	case Section:
		for _, c := range k.below {
			l.explain(c, join(path, c.name), all)
		}
	case NamedSection:
		for _, name := range l.names(path) {
			l.explain(k.each, join(path, name), all)
		}
	default:
		*all = append(*all, l.explainLeaf(k, path))
	}
}

func (l *Layers) explainLeaf(k *node, path string) Explanation {
	given := []Given{{Value: k.Default}}
	for _, v := range l.given[path] {
		given = append(given, Given{show(k, v), v.place.Place})
	}
	slices.Reverse(given)
	e := Explanation{Key: k.Key, Value: given[0].Value, Origin: given[0].Origin, Overrode: given[1:]}
	e.Path, e.Variable = path, variable(path)
	return e
}

// show returns the text of v without secrets.
func show(k *node, v value) string {
	switch k.Type {
	case TextSecret:
		return Secret(v.text).String()
	case TextURL:
		return URL(v.text).String()
	}
	if !k.Type.isList() {
		return v.text
	}
	texts := make([]string, len(v.items))
	for i, e := range v.items {
		texts[i] = e.text
		if k.Type == ListOfURLs {
			texts[i] = URL(e.text).String()
		}
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
