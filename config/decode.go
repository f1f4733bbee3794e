package config

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/redfire-quant/redfire/fault"
)

// Config checks the settings and returns them. If anything is wrong the error
// is a [fault.List] of all that is, in the order of the file and then of the
// environment, or the one thing.
func (l *Layers) Config() (*Config, error) {
	d := &decoder{Layers: l, problems: slices.Clone(l.problems)}
	c := &Config{}
	d.section(reflect.ValueOf(c).Elem(), l.root, "")
	d.check(c)
	if len(d.problems) > 0 {
		slices.SortStableFunc(d.problems, byPlace)
		return nil, d.problems.Err()
	}
	return c, nil
}

func byPlace(a, b error) int {
	p, _ := fault.PlaceOf(a)
	q, _ := fault.PlaceOf(b)
	if p.Line == 0 && q.Line == 0 {
		return cmp.Compare(p.File, q.File)
	}
	return cmp.Or(cmp.Compare(btoi(p.Line == 0), btoi(q.Line == 0)), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A decoder makes a Config of layers.
type decoder struct {
	*Layers
	problems fault.List
	bad      map[string]bool // keys with a problem: not to be told a second one
}

func (d *decoder) problem(p place, key string, err error) {
	at := p.Place
	at.Field = key
	d.problems = append(d.problems, fault.At(at, err))
	if d.bad == nil {
		d.bad = map[string]bool{}
	}
	d.bad[key] = true
}

// section fills the struct to with the values of the keys below k.
func (d *decoder) section(to reflect.Value, k *node, path string) {
	for _, c := range k.below {
		field, full := to.Field(c.field), join(path, c.name)
		switch c.Type {
		case Section:
			d.section(field, c, full)
		case NamedSection:
			field.Set(reflect.MakeMap(c.goal))
			for _, name := range d.names(full) {
				each := reflect.New(c.goal.Elem()).Elem()
				d.section(each, c.each, join(full, name))
				field.SetMapIndex(reflect.ValueOf(name), each)
			}
		default:
			d.refuseSecrets(k, c, full)
			d.leaf(field, c, full)
		}
	}
}

// leaf fills to with the value of the key k.
func (d *decoder) leaf(to reflect.Value, k *node, path string) {
	v, ok := d.top(path)
	if !ok {
		if k.Default != "" {
			// A default that cannot be read is a mistake in this package.
			if err := decodeText(to, k.Default); err != nil {
				panic(fmt.Sprintf("config: default of %s: %v", path, err))
			}
		}
		return
	}
	if k.Type.isList() {
		d.list(to, k, path, v)
		return
	}
	if v.text == "" && k.Default == "" {
		return // the text that takes a value away
	}
	if err := d.decode(to, k, v.text, v.place); err != nil {
		d.problem(v.place, path, err)
	}
}

// top returns the value that counts for the key at path.
func (l *Layers) top(path string) (value, bool) {
	all := l.given[path]
	if len(all) == 0 {
		return value{}, false
	}
	return all[len(all)-1], true
}

func (d *decoder) list(to reflect.Value, k *node, path string, v value) {
	for _, e := range v.items {
		each := reflect.New(to.Type().Elem()).Elem()
		if err := d.decode(each, k, e.text, e.place); err != nil {
			d.problem(e.place, path, err)
			continue
		}
		to.Set(reflect.Append(to, each))
	}
}

// decode reads one text into to and holds it against the bounds of its key.
func (d *decoder) decode(to reflect.Value, k *node, text string, p place) error {
	if err := decodeText(to, text); err != nil {
		return err
	}
	switch v := to.Interface().(type) {
	case Word:
		if !slices.Contains(k.Words, string(v)) {
			return fault.ConfigValue.Errorf("%q is none of %s", clip(text), strings.Join(k.Words, ", "))
		}
	case Path:
		to.SetString(p.resolve(string(v)))
	case URL:
		if err := v.check(k.Schemes); err != nil {
			return err
		}
		if rest, ok := strings.CutPrefix(text, "sqlite:"); ok {
			file, parameters, has := strings.Cut(rest, "?")
			if has {
				parameters = "?" + parameters
			}
			to.SetString("sqlite:" + p.resolve(file) + parameters)
		}
	}
	return d.bounds(to, k)
}

// bounds returns an error if the value v of the key k is out of its range.
func (d *decoder) bounds(v reflect.Value, k *node) error {
	if k.Min != "" && v.Int() < bound(v.Type(), k, k.Min) {
		return fault.ConfigRange.Errorf("%v is out of range: it is at least %s", v.Interface(), k.Min)
	}
	if k.Max != "" && v.Int() > bound(v.Type(), k, k.Max) {
		return fault.ConfigRange.Errorf("%v is out of range: it is at most %s", v.Interface(), k.Max)
	}
	return nil
}

func bound(t reflect.Type, k *node, text string) int64 {
	limit := reflect.New(t).Elem()
	if err := decodeText(limit, text); err != nil {
		panic(fmt.Sprintf("config: bound of %s: %v", k.Path, err))
	}
	return limit.Int()
}

// decodeText reads text into to by the type of to.
func decodeText(to reflect.Value, text string) error {
	if u, ok := to.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if to.Kind() == reflect.String {
		to.SetString(text)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || strconv.FormatInt(n, 10) != text {
		return fault.ConfigValue.Errorf("%q is not a whole number such as 15", clip(text))
	}
	to.SetInt(n)
	return nil
}
