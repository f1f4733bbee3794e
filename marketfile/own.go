package marketfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"maps"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// attributesKey is where Parquet and Arrow files have the attributes of series:
// an object of objects by series.Key.String.
const attributesKey = "redfire.attributes"

// isOwn reports whether Export wrote a file with these columns.
func isOwn(kind series.Kind, columns []headed) bool {
	if len(columns) > 2 && columns[0].name == rejectLine {
		columns = columns[2:] // rows of such a file that were refused
	}
	own := exportedNames(kind)
	if len(columns) < len(own) {
		return false
	}
	for i, name := range own {
		if columns[i].name != name {
			return false
		}
	}
	return true
}

// A lookuper knows what a file says by keys of its own.
type lookuper interface {
	lookup(key string) (string, bool)
}

// readAttrs reads the attributes that a file of our own tells.
func (l *layout) readAttrs(r lookuper) error {
	text, ok := r.lookup(attributesKey)
	if !ok {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &l.attrs); err != nil {
		return fault.FileDamaged.Errorf("the attributes of the series: %w", err)
	}
	return nil
}

// ownAttrs returns the attributes of a series that a file of our own has rows of:
// those it had before, and those that the file tells besides.
func (l *layout) ownAttrs(k series.Key, had map[string]string) (map[string]string, error) {
	next := map[string]string{}
	maps.Copy(next, l.attrs[k.String()])
	if l.volume != "" {
		next[series.AttrTickVolume] = string(l.volume)
	}
	if next[series.AttrZone] == "" && k.Interval.Daily() {
		if zone, err := k.Symbol.Exchange.Zone(); l.clock.zone != nil {
			next[series.AttrZone] = l.clock.zone.String()
		} else if err == nil {
			next[series.AttrZone] = zone.String()
		}
	}
	if err := agree(k, had, next[series.AttrTickVolume], next[series.AttrZone]); err != nil {
		return nil, err
	}
	maps.Copy(next, had)
	return next, nil
}

// agree returns an error if what a file says of a series contradicts what is
// stored; what is empty says nothing.
func agree(k series.Key, had map[string]string, volume, zone string) error {
	if then := had[series.AttrTickVolume]; then != "" && volume != "" && then != volume {
		return fault.FileConflict.Errorf("the volume of the stored ticks of %s is %s, that of the file %s", k.Symbol, then, volume)
	}
	if then := had[series.AttrZone]; then != "" && zone != "" && then != zone {
		return fault.FileConflict.Errorf("the stored bars of %s are counted in %s, those of the file in %s", k, then, zone)
	}
	return nil
}

// cutOwn appends the values of a line of our own to row. Nothing is taken off
// them, and an empty one is nil but in quotation marks.
func cutOwn(text []byte, row [][]byte) ([][]byte, error) {
	r := csv.NewReader(bytes.NewReader(text))
	values, err := r.Read()
	if err != nil {
		return row, err
	}
	for i, v := range values {
		_, column := r.FieldPos(i)
		if v == "" && (column > len(text) || text[column-1] != '"') {
			row = append(row, nil)
			continue
		}
		row = append(row, []byte(v))
	}
	return row, nil
}
