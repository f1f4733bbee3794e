package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
)

// An api is the part of an OpenAPI document that the reference tells.
type api struct {
	Paths      map[string]map[string]apiOperation
	Components struct {
		Schemas map[string]apiSchema
	}
}

type apiOperation struct {
	Tags                 []string
	Summary, Description string
	Parameters           []apiParameter
	RequestBody          apiContent
	Responses            map[string]apiContent
}

type apiParameter struct {
	Name, Description string
	Required, Explode bool
	Schema            apiSchema
}

// An apiContent is a body or an answer: what it is, by media type.
type apiContent struct {
	Content map[string]struct{ Schema apiSchema }
}

type apiSchema struct {
	Ref                  string `json:"$ref"`
	Type                 any    // a text, or a list of them
	Description          string
	Enum, Examples       []any
	Items                *apiSchema
	Properties           map[string]apiSchema
	Required             []string
	AdditionalProperties any
	MaxItems             int
	Minimum              *float64
	ExclusiveMinimum     *float64
}

// operations yields the requests in the order of their paths, each with its name:
// GET /v1/bars.
func (a *api) operations() iter.Seq2[string, *apiOperation] {
	return func(yield func(string, *apiOperation) bool) {
		for _, path := range slices.Sorted(maps.Keys(a.Paths)) {
			for _, method := range []string{"get", "post", "put", "delete"} {
				o, ok := a.Paths[path][method]
				if ok && !yield(strings.ToUpper(method)+" "+path, &o) {
					return
				}
			}
		}
	}
}

// served returns what a server says of itself.
func served() (doc *api, err error) {
	folder, err := os.MkdirTemp("", "docs-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	c, err := config.Load(&config.Options{Env: []string{"REDFIRE_DATA=" + folder}})
	if err != nil {
		return nil, err
	}
	c.SQL = nil // no database is needed to say how one is asked
	data, err := redfire.Open(context.Background(), c, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	s, err := httpapi.New(data, nil)
	if err != nil {
		return nil, err
	}
	text, err := s.OpenAPI()
	if err != nil {
		return nil, err
	}
	return doc, json.Unmarshal(text, &doc)
}

// apiPages returns the reference of the server in both languages. Its Chinese is
// that of httpapi/docs.zh.yaml, by the English: what is changed is translated anew.
func apiPages(root string, doc *api) ([]file, error) {
	chinese := map[string]string{}
	text, err := os.ReadFile(filepath.Join(root, "httpapi", "docs.zh.yaml"))
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(text, &chinese); err != nil {
		return nil, fmt.Errorf("docs: httpapi/docs.zh.yaml: %w", err)
	}
	var made []file
	for _, lang := range []string{"en", "zh"} {
		p := &apiPage{page: page{lang: lang}, chinese: chinese, used: map[string]bool{}}
		p.write(doc)
		if err := p.check(); err != nil {
			return nil, err
		}
		made = append(made, file{"docs/" + lang + "/http-reference.md", p.Bytes()})
	}
	return made, nil
}

// An apiPage is the reference in one language.
type apiPage struct {
	page
	chinese map[string]string // by the English
	used    map[string]bool   // of the English
	wrong   []string
}

// check returns what is missing or too much.
func (p *apiPage) check() error {
	if p.lang == "zh" {
		for en := range p.chinese {
			if !p.used[en] {
				p.wrong = append(p.wrong, fmt.Sprintf("httpapi/docs.zh.yaml translates what the server does not say: %q", en))
			}
		}
	}
	if len(p.wrong) == 0 {
		return nil
	}
	slices.Sort(p.wrong)
	return fmt.Errorf("docs: %s", strings.Join(slices.Compact(p.wrong), "\ndocs: "))
}

// words returns a text of the server in the page's language. what is what it is of.
func (p *apiPage) words(en, what string) string {
	if en == "" {
		p.wrong = append(p.wrong, what+" has no description in httpapi")
		return ""
	}
	p.used[en] = true
	if p.lang != "zh" {
		return en
	}
	if p.chinese[en] == "" {
		p.wrong = append(p.wrong, fmt.Sprintf("httpapi/docs.zh.yaml has no translation of %q", en))
	}
	return p.chinese[en]
}

// in returns words in the page's language.
func (p *apiPage) in(en, zh string) string { return fault.Text{En: en, Zh: zh}.In(p.lang) }

// The parts of the reference, by their tags in the document.
var apiParts = []struct {
	tag   string
	title fault.Text
}{
	{"bars", fault.Text{En: "Bars", Zh: "K 线"}},
	{"ticks", fault.Text{En: "Ticks", Zh: "tick"}},
	{"indicators", fault.Text{En: "Indicators", Zh: "指标"}},
	{"series", fault.Text{En: "All series", Zh: "全部序列"}},
	{"sql", fault.Text{En: "SQL", Zh: "SQL"}},
	{"health", fault.Text{En: "Health", Zh: "健康状态"}},
	{"frames", fault.Text{En: "Frames, for the Go client", Zh: "数据帧（供 Go 客户端使用）"}},
}

func (p *apiPage) write(doc *api) {
	p.WriteString(generated)
	p.say("# HTTP reference\n\nEvery request that `redfire serve` answers, made of the server's own `/openapi.json`. How to use them, and what an answer must\nhave to be whole, is in [HTTP](http.md).\n\nA parameter that is not listed is refused. Times are RFC 3339; those without an offset are of the time zone that `tz` names, and\nwithout it refused. A range holds its beginning and not its end. A failure is answered by [Details](#details).\n",
		"# HTTP 接口参考\n\n`redfire serve` 提供的全部请求，由服务器自己的 `/openapi.json` 生成。用法以及如何判断回答是否完整，见 [HTTP](http.md)。\n\n未列出的参数会被拒绝。时间写作 RFC 3339；不带时差的时间属于 `tz` 指定的时区，没有 `tz` 则被拒绝。范围含起点，不含终点。\n失败时的回答是 [Details](#details)。\n")
	seen := map[string]bool{}
	for _, part := range apiParts {
		fmt.Fprintf(p, "\n## %s\n", part.title.In(p.lang))
		for name, o := range doc.operations() {
			if slices.Contains(o.Tags, part.tag) {
				seen[name] = true
				p.operation(name, o)
			}
		}
	}
	for name := range doc.operations() {
		if !seen[name] {
			p.wrong = append(p.wrong, name+" is in no part of the reference: add its tag to apiParts")
		}
	}
	p.schemas(doc)
}

func (p *apiPage) operation(name string, o *apiOperation) {
	about := p.words(o.Summary, name)
	about += p.in(". ", "。")
	if o.Description != "" {
		about += p.words(o.Description, name)
	}
	fmt.Fprintf(p, "\n### %s\n\n%s\n", name, strings.TrimSpace(about))
	if len(o.Parameters) > 0 {
		p.WriteByte('\n')
	}
	for _, q := range o.Parameters {
		facts := []string{p.typeOf(&q.Schema)}
		if q.Required {
			facts = append(facts, p.in("needed", "必填"))
		}
		if q.Schema.Items != nil {
			facts = append(facts, p.separated(q.Explode))
		}
		p.item(q.Name, p.words(q.Description, name+" "+q.Name), append(facts, p.bounds(&q.Schema)...))
	}
	if len(o.RequestBody.Content) > 0 {
		fmt.Fprintf(p, "\n%s%s\n", p.in("Body: ", "请求体："), p.types(o.RequestBody))
	}
	fmt.Fprintf(p, "\n%s%s", p.in("Answer: ", "回答："), p.answer(o.Responses["200"]))
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		if status != "200" && status != "default" {
			p.say("; with the status %s too", "；状态码也可能是 %s", status)
		}
	}
	p.WriteString(p.in(".\n", "。\n"))
}

// separated says how a parameter has several values.
func (p *apiPage) separated(explode bool) string {
	if explode {
		return p.in("may be repeated", "可重复")
	}
	return p.in("several are divided by commas", "多个用逗号分隔")
}

// item writes a parameter or a field.
func (p *apiPage) item(name, about string, facts []string) {
	fmt.Fprintf(p, "- `%s`: %s%s*%s*\n", name, about, p.in(" ", ""), strings.Join(facts, p.in("; ", "；")))
}

// answer says what is answered, and as what.
func (p *apiPage) answer(c apiContent) string {
	what := ""
	switch s := c.Content["application/json"].Schema; {
	case s.Ref != "":
		what = p.link(s.Ref) + p.in(" as ", "，形式为 ")
	case s.Items != nil && s.Items.Ref != "":
		what = p.in("a list of ", "列表，每项为 ") + p.link(s.Items.Ref) + p.in(", as ", "，形式为 ")
	case s.Items != nil:
		what = p.in("rows, as ", "数据行，形式为 ")
	}
	return what + p.types(c)
}

// types lists media types.
func (p *apiPage) types(c apiContent) string {
	return "`" + strings.Join(slices.Sorted(maps.Keys(c.Content)), p.in("`, `", "`、`")) + "`"
}

func nameOf(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

func (p *apiPage) link(ref string) string {
	return fmt.Sprintf("[%s](#%s)", nameOf(ref), strings.ToLower(nameOf(ref)))
}

// typeOf says what a value is.
func (p *apiPage) typeOf(s *apiSchema) string {
	if s.Ref != "" {
		return p.link(s.Ref)
	}
	name := s.Type
	if all, ok := name.([]any); ok { // with null
		name = all[0]
	}
	switch name {
	case "integer":
		return p.in("whole number", "整数")
	case "number":
		return p.in("number", "数")
	case "boolean":
		return p.in("true or false", "true 或 false")
	case "array":
		return p.in("list of ", "列表：") + p.typeOf(s.Items)
	case "object":
		return p.in("object", "对象")
	}
	return p.in("text", "文本")
}

// bounds says which values there may be, and an example.
func (p *apiPage) bounds(s *apiSchema) (facts []string) {
	values := s.Enum
	if s.Items != nil {
		values = s.Items.Enum
	}
	if len(values) > 0 {
		facts = append(facts, p.in("one of ", "取值 ")+"`"+strings.Join(texts(values), p.in("`, `", "`、`"))+"`")
	}
	if s.Minimum != nil {
		facts = append(facts, fmt.Sprintf(p.in("at least %v", "至少 %v"), *s.Minimum))
	}
	if s.ExclusiveMinimum != nil {
		facts = append(facts, fmt.Sprintf(p.in("more than %v", "大于 %v"), *s.ExclusiveMinimum))
	}
	if s.MaxItems > 0 {
		facts = append(facts, fmt.Sprintf(p.in("at most %d", "至多 %d 个"), s.MaxItems))
	}
	if len(s.Examples) > 0 {
		facts = append(facts, fmt.Sprintf(p.in("for example `%s`", "例如 `%s`"), strings.Join(texts(s.Examples[:1]), ",")))
	}
	return facts
}

// texts returns values as they are written in a request.
func texts(values []any) (all []string) {
	for _, v := range values {
		if several, ok := v.([]any); ok {
			v = strings.Join(texts(several), ",")
		}
		all = append(all, fmt.Sprint(v))
	}
	return all
}

// schemas writes the fields of what is answered.
func (p *apiPage) schemas(doc *api) {
	p.say("\n## Fields of the answers\n\nA field that is not always there is left out where it has nothing to say. Rows have the columns of their series.\n",
		"\n## 回答的字段\n\n不一定出现的字段在无内容时省略。数据行的列随序列而定。\n")
	names := map[string]bool{}
	for _, o := range doc.operations() {
		for _, c := range o.Responses {
			for _, m := range c.Content {
				reach(names, doc, &m.Schema)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(p, "\n### %s\n\n", name)
		s := doc.Components.Schemas[name]
		for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
			f := s.Properties[field]
			facts := []string{p.typeOf(&f)}
			if slices.Contains(s.Required, field) {
				facts = append(facts, p.in("always there", "必有"))
			}
			p.item(field, p.words(f.Description, name+"."+field), append(facts, p.bounds(&f)...))
		}
	}
}

// reach notes the names of the schemas that s is made of.
func reach(names map[string]bool, doc *api, s *apiSchema) {
	if name := nameOf(s.Ref); name != "" && !names[name] {
		names[name] = true
		for _, f := range doc.Components.Schemas[name].Properties {
			reach(names, doc, &f)
		}
	}
	if s.Items != nil {
		reach(names, doc, s.Items)
	}
}
