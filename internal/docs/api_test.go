package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reference returns both pages of what a server says, in the order of their languages.
func reference(t *testing.T, dir string, doc *api) []string {
	t.Helper()
	made, err := apiPages(dir, doc)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, f := range made {
		texts = append(texts, string(f.text))
	}
	return texts
}

func whatIsServed(t *testing.T) *api {
	t.Helper()
	doc, err := served()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// below returns the part of a page below a heading, until the next.
func below(page, heading string) string {
	_, section, _ := strings.Cut(page, "\n### "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n#")
	return section
}

func TestAllRequestsAndFieldsAreInTheReferenceOfBothLanguages(t *testing.T) {
	doc := whatIsServed(t)
	for i, text := range reference(t, root(t), doc) {
		f := func(heading, want string) {
			t.Helper()
			if !strings.Contains(below(text, heading), want) {
				t.Errorf("page %d: %s: got no %q", i, heading, want)
			}
		}
		operations := 0
		for name, o := range doc.operations() {
			operations++
			for _, q := range o.Parameters {
				f(name, "\n- `"+q.Name+"`: ")
			}
			for mediaType := range o.Responses["200"].Content {
				f(name, "`"+mediaType+"`")
			}
		}
		if operations < 20 {
			t.Errorf("got %d operations; the test does not see them", operations)
		}
		for _, name := range []string{"Details", "Refused", "Imported", "Series", "Finding"} {
			for field := range doc.Components.Schemas[name].Properties {
				f(name, "\n- `"+field+"`: ")
			}
		}
	}
}

func TestWhatIsNotTranslatedIsAnError(t *testing.T) {
	doc := whatIsServed(t)
	f := func(old, replacement string, says ...string) {
		t.Helper()
		dir := copied(t, "httpapi/docs.zh.yaml", func(text string) string { return strings.Replace(text, old, replacement, 1) })
		_, err := apiPages(dir, doc)
		for _, want := range says {
			if !strings.Contains(fmt.Sprint(err), want) {
				t.Errorf("%q for %q: got %v, want %q", replacement, old, err, want)
			}
		}
	}
	f("'Read bars': ", "'Read beers': ", `no translation of "Read bars"`, `what the server does not say: "Read beers"`)
	f("'Read bars': ", "'Read bars': ''\n'Read beers': ", `no translation of "Read bars"`)
	f("'Read bars': ", "'Read bars': [", "httpapi/docs.zh.yaml")
	if _, err := apiPages(t.TempDir(), doc); !os.IsNotExist(err) {
		t.Errorf("without translations: got %v", err)
	}
}

func TestWhatTheServerDoesNotDescribeIsAnError(t *testing.T) {
	f := func(says string, spoil func(*api)) {
		t.Helper()
		doc := whatIsServed(t)
		spoil(doc)
		if _, err := apiPages(root(t), doc); !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	f("GET /v1/bars symbol has no description", func(d *api) { d.Paths["/v1/bars"]["get"].Parameters[0].Description = "" })
	f("Span.from has no description", func(d *api) { d.Components.Schemas["Span"].Properties["from"] = apiSchema{} })
	f("GET /v2/tea is in no part of the reference", func(d *api) {
		d.Paths["/v2/tea"] = map[string]apiOperation{"get": {Tags: []string{"tea"}, Summary: "Tea"}}
	})
	f("GET /livez has no description", func(d *api) {
		d.Paths["/livez"] = map[string]apiOperation{"get": {Tags: []string{"health"}}}
	})
}

func TestValuesOfParametersAreTold(t *testing.T) {
	half := 0.5
	all := map[string]*apiSchema{
		"one of `a`, `b`":          {Type: "string", Enum: []any{"a", "b"}},
		"at least 0.5":             {Type: "number", Minimum: &half},
		"more than 0.5":            {Type: "number", ExclusiveMinimum: &half},
		"at most 3":                {Type: "array", Items: &apiSchema{}, MaxItems: 3},
		"for example `close,open`": {Examples: []any{[]any{"close", "open"}}},
	}
	p := &apiPage{page: page{lang: "en"}}
	for want, s := range all {
		if got := strings.Join(p.bounds(s), "; "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	types := map[string]*apiSchema{
		"whole number":                  {Type: "integer"},
		"true or false":                 {Type: "boolean"},
		"number":                        {Type: []any{"number", "null"}},
		"object":                        {Type: "object"},
		"text":                          {Type: "string"},
		"[Key](#key)":                   {Ref: "#/components/schemas/Key"},
		"list of [Key](#key)":           {Type: []any{"array", "null"}, Items: &apiSchema{Ref: "#/components/schemas/Key"}},
		"list of list of true or false": {Type: "array", Items: &apiSchema{Type: "array", Items: &apiSchema{Type: "boolean"}}},
	}
	for want, s := range types {
		if got := p.typeOf(s); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestThePageOfARequestSaysAllOfIt(t *testing.T) {
	text := reference(t, root(t), whatIsServed(t))
	for _, want := range []string{
		"\n### GET /readyz\n\nTell whether requests are answered. 503 if a critical source is down, or the server is about to stop.\n\nAnswer: [Ready](#ready) as `application/json`; with the status 503 too.\n",
		"- `interval`: The interval of the bars. *text; needed; for example `1m`*\n",
		"Answer: a list of [Series](#series), as `application/json`, `application/x-ndjson`.\n",
		"- `limit`: How many rows of each series at most; 0: all. *whole number; at least 0*\n",
	} {
		if !strings.Contains(text[0], want) {
			t.Errorf("got no %q", want)
		}
	}
	if _, err := os.Stat(filepath.Join(root(t), "docs", "en", "http.md")); err != nil {
		t.Errorf("the reference links to it: %v", err)
	}
}
