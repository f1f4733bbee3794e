package config

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/redfire-quant/redfire/fault"
)

// maxTokens is far more than a configuration has. The parser's time grows with
// the square of their number: a megabyte of brackets takes it an hour.
const maxTokens = 20_000

// readYAML notes what the file gives. It walks the syntax tree itself,
// because the library's decoder stops at the first mistake.
func (l *Layers) readYAML(text []byte) error {
	// The library counts a byte order mark as part of the first key.
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	// Behind comments and in quotes it counts CRLF as two lines.
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	if err := l.checkText(text); err != nil {
		return err
	}
	tokens := lexer.Tokenize(string(text))
	if len(tokens) > maxTokens {
		return fault.At(fault.Place{File: l.file}, fault.ConfigUnreadable.Errorf("it holds more than %d keys, values and marks", maxTokens))
	}
	y := &yamlReader{l}
	tokens = y.firstDocument(tokens)
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return l.syntaxError(err)
	}
	for _, d := range file.Docs {
		if d.Body != nil {
			y.node(d.Body, l.root, "")
		}
	}
	return nil
}

// firstDocument returns the tokens of the first document, with the directives
// before it, and reports the second: the parser drops what stands behind two
// marks "---" in a row.
func (y *yamlReader) firstDocument(tokens token.Tokens) token.Tokens {
	begun, ended, directive := false, false, 0
	for i, t := range tokens {
		switch {
		case t.Type == token.CommentType:
		case t.Type == token.DirectiveType:
			directive = t.Position.Line
		case t.Type == token.DocumentEndType:
			ended = begun
		case t.Type == token.DocumentHeaderType:
			ended, begun = ended || begun, true
		case ended:
			y.layers.problem(y.tokenPlace(t), "", fault.ConfigFeature.Errorf("a second document begins here; keep one to a file"))
			return tokens[:i]
		case t.Position.Line != directive:
			begun = true
		}
	}
	return tokens
}

// checkText reports what no YAML file holds, by its line.
func (l *Layers) checkText(text []byte) error {
	line := 1
	for s := range bytes.SplitSeq(text, []byte("\n")) {
		at := fault.Place{File: l.file, Line: line}
		if !utf8.Valid(s) {
			return fault.At(at, fault.ConfigSyntax.Errorf("the line is not UTF-8; save the file as UTF-8 (Windows calls GBK \"ANSI\")"))
		}
		if i := bytes.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }); i >= 0 {
			at.Column = utf8.RuneCount(s[:i]) + 1
			return fault.At(at, fault.ConfigSyntax.Errorf("a control character stands here; the file is not text, or was damaged"))
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
	message, _, _ := strings.Cut(s.Message, `"`) // quotes hold what may be a secret
	return fault.At(at, fault.ConfigSyntax.Errorf("not YAML: %s", strings.TrimRight(message, ": ")))
}

// A yamlReader walks the syntax tree beside the tree of keys.
type yamlReader struct{ layers *Layers }

// place returns where n begins. The token of a block of keys is its first
// colon, so its place is that of its first key.
func (y *yamlReader) place(n ast.Node) place {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	return y.tokenPlace(n.GetToken())
}

func (y *yamlReader) tokenPlace(t *token.Token) place {
	p := place{Place: fault.Place{File: y.layers.file}, folder: filepath.Dir(y.layers.file)}
	if t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	return p
}

// node notes what n, the value of the key k at path, gives.
func (y *yamlReader) node(n ast.Node, k *node, path string) {
	if _, ok := n.(*ast.NullNode); ok {
		return // "url:" with nothing behind it leaves the default
	}
	if err := unread(n); err != nil {
		y.layers.problem(y.place(n), path, err)
		return
	}
	switch {
	case k.Type == Section || k.Type == NamedSection:
		m, ok := n.(*ast.MappingNode)
		if !ok {
			y.layers.problem(y.place(n), path, wantedKeys(path))
			return
		}
		y.section(m, k, path)
	case k.Type.isList():
		y.list(n, path)
	default:
		text, ok := scalar(n)
		if !ok {
			y.layers.problem(y.place(n), path, fault.ConfigShape.Errorf("a single value is wanted here"))
			return
		}
		y.layers.give(path, value{text: text, place: y.place(n)})
	}
}

// wantedKeys returns the error for something else in the place of a section,
// or of the whole file.
func wantedKeys(path string) error {
	if path == "" {
		return fault.ConfigShape.Errorf("the file does not hold keys and values; keys and values are wanted here, a line each")
	}
	return fault.ConfigShape.Errorf("keys and values are wanted here, a line each")
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
		full := join(path, keyText(name))
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
		y.layers.problem(y.place(n), path, fault.ConfigShape.Errorf("a list is wanted here, as in [a, b]"))
		return
	}
	v := value{place: y.place(n)}
	for _, e := range s.Values {
		if err := unread(e); err != nil {
			y.layers.problem(y.place(e), path, err)
			return
		}
		text, ok := scalar(e)
		if !ok {
			y.layers.problem(y.place(e), path, fault.ConfigShape.Errorf("a single value is wanted in this list"))
			return
		}
		v.items = append(v.items, item{text, y.place(e)})
	}
	y.layers.give(path, v)
}

// unread returns an error if n is a part of YAML that is not read.
func unread(n ast.Node) error {
	switch n.(type) {
	case *ast.AnchorNode:
		return fault.ConfigFeature.Errorf("an anchor (&) is not read here; write the value out")
	case *ast.AliasNode:
		return fault.ConfigFeature.Errorf("an alias (*) is not read here; write the value out")
	case *ast.TagNode:
		return fault.ConfigFeature.Errorf("a tag (!) is not read here; write the value out")
	case *ast.DirectiveNode:
		return fault.ConfigFeature.Errorf("a directive (%%) is not read here; write the value out")
	}
	return nil
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
