package httpapi

import (
	"encoding/json"
	"iter"
	"net/http"
)

// A listAnswer is a list of things on its way to a client.
type listAnswer struct {
	*call
	form    form
	packing string

	out  *body
	rows int64
}

// list answers with a list, as JSON or NDJSON.
func list[T any](w *call, r *http.Request, format string, all iter.Seq2[T, error]) error {
	form, err := formOf(format, r.Header.Get("Accept"), listForms)
	if err != nil {
		return err
	}
	a := &listAnswer{call: w, form: form, packing: r.Header.Get("Accept-Encoding")}
	defer func() { a.out.drop() }()
	for v, err := range all {
		if err != nil {
			return err
		}
		if err := a.add(v); err != nil {
			return err
		}
	}
	return a.end()
}

// add writes one thing, and begins the answer with the first.
func (a *listAnswer) add(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	before := ""
	switch {
	case a.form.name == "ndjson" && a.rows > 0:
		before = "\n"
	case a.form.name == "json" && a.rows > 0:
		before = ",\n"
	case a.form.name == "json":
		before = "["
	}
	if err := a.begin(); err != nil {
		return err
	}
	a.rows++
	_, err = a.out.Write(append([]byte(before), text...))
	return err
}

func (a *listAnswer) begin() (err error) {
	if a.out == nil {
		a.out, err = a.rowsBody(a.form.mediaType, a.packing)
	}
	return err
}

func (a *listAnswer) end() error {
	if err := a.begin(); err != nil {
		return err
	}
	after := ""
	switch {
	case a.form.name == "ndjson" && a.rows > 0:
		after = "\n"
	case a.form.name == "json" && a.rows > 0:
		after = "]\n"
	case a.form.name == "json":
		after = "[]\n"
	}
	if _, err := a.out.Write([]byte(after)); err != nil {
		return err
	}
	return a.out.finish(a.rows)
}
