package series_test

import (
	"testing"

	"github.com/redfire-quant/redfire/series"
)

func TestKindsAndTypesAreFoundByTheirNames(t *testing.T) {
	for _, k := range []series.Kind{series.Bars, series.Ticks, series.Indicator} {
		if got := series.KindNamed(k.String()); got != k {
			t.Errorf("%s: got %v", k, got)
		}
	}
	for _, c := range []series.Type{series.Float64, series.Int64, series.Text} {
		if got := series.TypeNamed(c.String()); got != c {
			t.Errorf("%s: got %v", c, got)
		}
	}
	for _, name := range []string{"", "bar", "Bars"} {
		if k, c := series.KindNamed(name), series.TypeNamed(name); k != 0 || c != 0 {
			t.Errorf("%q: got %v, %v, want none", name, k, c)
		}
	}
}
