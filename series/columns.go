package series

import (
	"slices"
	"strconv"
)

// A BaseColumn is a column that every row of a kind of series has.
type BaseColumn struct {
	Name string
	Type Type
}

// BaseColumns returns the columns that every row of kind k has, besides Time
// and Seq: the fields of [market.Bar] and [market.Tick] by their names in JSON.
// Of ticks, depth is how many levels of the book there are, 0 to 5, and what
// lies beyond is 0; localtime is in nanoseconds since 1970 UTC, 0 for none.
// Indicators have no base columns. The slice is the caller's.
func BaseColumns(k Kind) []BaseColumn { return slices.Clone(columnsOfKind(k)) }

// IsBase reports whether name is a base column of kind k.
func IsBase(k Kind, name string) bool {
	_, ok := baseColumn(k, name)
	return ok
}

func columnsOfKind(k Kind) []BaseColumn {
	switch k {
	case Bars:
		return barColumns
	case Ticks:
		return tickColumns
	}
	return nil
}

// baseColumn returns the base column of kind k called name, if there is one.
func baseColumn(k Kind, name string) (BaseColumn, bool) {
	columns := columnsOfKind(k)
	i := slices.IndexFunc(columns, func(c BaseColumn) bool { return c.Name == name })
	if i < 0 {
		return BaseColumn{}, false
	}
	return columns[i], true
}

var barColumns = floats("open", "high", "low", "close", "volume", "turnover", "open_interest")

// bookDepth is the number of levels that a tick's book has at most.
const bookDepth = 5

var tickColumns = slices.Concat(
	floats("last_price", "last_volume", "volume", "turnover", "open_interest", "limit_up", "limit_down",
		"open_price", "high_price", "low_price", "pre_close"),
	levelColumns(1), levelColumns(2), levelColumns(3), levelColumns(4), levelColumns(bookDepth),
	[]BaseColumn{{"depth", Int64}, {"localtime", Int64}, {"name", Text}},
)

// levelColumns returns the columns of a level of the book.
func levelColumns(level int) []BaseColumn {
	n := strconv.Itoa(level)
	return floats("bid_price_"+n, "bid_volume_"+n, "ask_price_"+n, "ask_volume_"+n)
}

func floats(names ...string) []BaseColumn {
	columns := make([]BaseColumn, len(names))
	for i, name := range names {
		columns[i] = BaseColumn{Name: name, Type: Float64}
	}
	return columns
}
