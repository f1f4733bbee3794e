package marketfile

import (
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// A Kept is a column of a file that is kept as an extra column.
type Kept struct {
	// Column is the name in the file. The extra column has it in small letters,
	// digits and underscores.
	Column string

	// Type is that of the extra column; 0 is the one of the file, and text where the
	// file has none.
	Type series.Type
}

// ParseKept reads NAME or NAME:TYPE, of which the type is text, int or float.
func ParseKept(text string) (Kept, error) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return Kept{Column: text}, nil
	}
	types := map[string]series.Type{"text": series.Text, "int": series.Int64, "float": series.Float64}
	t, ok := types[text[i+1:]]
	if !ok {
		return Kept{}, fault.FileOption.Errorf("%q: the type is text, int or float", text)
	}
	return Kept{Column: text[:i], Type: t}, nil
}
