package marketfile_test

import (
	"io"
	"testing"

	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// told returns what an encoder has to know of the series of frames.
func told(frames ...*series.Frame) (about []series.Overview) {
	at := map[series.Key]int{}
	for _, f := range frames {
		i, ok := at[f.Key]
		if !ok {
			i = len(about)
			at[f.Key] = i
			about = append(about, series.Overview{Key: f.Key, Attrs: f.Attrs, Extra: map[string]series.Type{}})
		}
		for j := range f.Cols {
			if c := &f.Cols[j]; !series.IsBase(f.Key.Kind, c.Name) {
				about[i].Extra[c.Name] = c.Type()
			}
		}
	}
	return about
}

// encode writes frames to w, to their end.
func encode(t testing.TB, w io.Writer, kind series.Kind, opts *marketfile.EncodeOptions, frames ...*series.Frame) {
	t.Helper()
	e, err := marketfile.NewEncoder(w, kind, told(frames...), opts)
	if err != nil {
		t.Fatal(err)
	}
	rows := int64(0)
	for _, f := range frames {
		if err := e.Write(f); err != nil {
			t.Fatal(err)
		}
		rows += int64(f.Len())
	}
	if err := e.Close(); err != nil || e.Rows() != rows {
		t.Fatalf("got %d rows of %d, %v", e.Rows(), rows, err)
	}
}
