package config

import (
	"bytes"
	"errors"
	"path/filepath"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/redfire-quant/redfire/fault"
)

// readYAML notes what the file gives. It walks the syntax tree itself,
// because the library's decoder stops at the first mistake.
func (l *Layers) readYAML(text []byte) error {
	// The library counts a byte order mark as part of the first key.
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if err := l.checkUTF8(text); err != nil {
		return err
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return l.syntaxError(err)
	}
	y := &yamlReader{l}
	documents := 0
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if documents++; documents > 1 {
			l.problem(y.place(d.Body), "", fault.ConfigFeature.Errorf("a second document begins here; keep one to a file"))
			break
		}
		y.node(d.Body, l.root, "")
	}
	return nil
}

func (l *Layers) checkUTF8(text []byte) error {
	line := 1
	for s := range bytes.SplitSeq(text, []byte("\n")) {
		if !utf8.Valid(s) {
			return fault.At(fault.Place{File: l.file, Line: line}, fault.ConfigSyntax.Errorf("the line is not UTF-8; save the file as UTF-8 (Windows calls GBK \"ANSI\")"))
		}
		line++
	}
	return nil
}

// syntaxError takes place and message from the library's error. Its whole text
// would quote the lines around it, with the secrets they may hold.
func (l *Layers) syntaxError(err error) error {
	var s *yaml.SyntaxError
	if !errors.As(err, &s) || s.Token == nil || s.Token.Position == nil {
		return fault.At(fault.Place{File: l.file}, fault.ConfigSyntax.Errorf("not YAML"))
	}
	at := fault.Place{File: l.file, Line: s.Token.Position.Line, Column: s.Token.Position.Column}
	return fault.At(at, fault.ConfigSyntax.Errorf("not YAML: %s", s.Message))
}

// A yamlReader walks the syntax tree beside the tree of keys.
type yamlReader struct{ layers *Layers }

func (y *yamlReader) place(n ast.Node) place {
	p := place{Place: fault.Place{File: y.layers.file}, folder: filepath.Dir(y.layers.file)}
	if t := n.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	return p
}

// node notes what n, the value of the key k at path, gives.
func (y *yamlReader) node(n ast.Node, k *node, path string) {
	if _, ok := n.(*ast.NullNode); ok {
		return // "url:" with nothing behind it leaves the default
	}
	if feature := unread(n); feature != "" {
		y.layers.problem(y.place(n), path, fault.ConfigFeature.Errorf("%s is not read here; write the value out", feature))
		return
	}
	switch k.Type {
	case Section, NamedSection:
		m, ok := n.(*ast.MappingNode)
		if !ok {
			y.shape(n, path, "keys and values are wanted here, a line each")
			return
		}
		y.section(m, k, path)
	case ListOfURLs:
		y.list(n, path)
	default:
		text, ok := scalar(n)
		if !ok {
			y.shape(n, path, "a single value is wanted here")
			return
		}
		y.layers.give(path, value{text: text, place: y.place(n)})
	}
}

func (y *yamlReader) shape(n ast.Node, path, wanted string) {
	if path == "" {
		wanted = "the file does not hold keys and values; " + wanted
	}
	y.layers.problem(y.place(n), path, fault.ConfigShape.Errorf("%s", wanted))
}

func (y *yamlReader) section(m *ast.MappingNode, k *node, path string) {
	seen := map[string]place{}
	for _, pair := range m.Values {
		name, ok := scalar(pair.Key)
		at := y.place(pair.Key)
		if _, merge := pair.Key.(*ast.MergeKeyNode); merge || !ok {
			y.layers.problem(at, path, fault.ConfigFeature.Errorf("a merge key or a key of several parts is not read here; write the keys out"))
			continue
		}
		full := join(path, name)
		if first, twice := seen[name]; twice {
			y.layers.problem(at, full, fault.ConfigDuplicateKey.Errorf("the key stands in line %d already", first.Line))
			continue
		}
		seen[name] = at
		child := k.child(name)
		if child == nil {
			y.layers.problem(at, full, unknownKey(k, name))
			continue
		}
		if k.Type == NamedSection {
			y.layers.name(path, name, at)
		}
		y.node(pair.Value, child, full)
	}
}

func (y *yamlReader) list(n ast.Node, path string) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		y.shape(n, path, "a list is wanted here, as in [a, b]")
		return
	}
	v := value{list: true, place: y.place(n)}
	for _, e := range s.Values {
		if feature := unread(e); feature != "" {
			y.layers.problem(y.place(e), path, fault.ConfigFeature.Errorf("%s is not read here; write the value out", feature))
			return
		}
		text, ok := scalar(e)
		if !ok {
			y.shape(e, path, "a single value is wanted in this list")
			return
		}
		v.items = append(v.items, item{text, y.place(e)})
	}
	y.layers.give(path, v)
}

// unread names the part of YAML that n is, if it is one that is not read.
func unread(n ast.Node) string {
	switch n.(type) {
	case *ast.AnchorNode:
		return "an anchor (&)"
	case *ast.AliasNode:
		return "an alias (*)"
	case *ast.TagNode:
		return "a tag (!)"
	case *ast.DirectiveNode:
		return "a directive (%)"
	}
	return ""
}

// scalar returns the text of a single value as it stands in the file: the key
// decides whether it is a number, not its looks.
func scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	case *ast.NullNode:
		return v.GetToken().Value, v.GetToken().Type != token.ImplicitNullType
	}
	return "", false
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
