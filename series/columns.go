package series

import "slices"

// A BaseColumn is a column that every row of a kind of series has.
type BaseColumn struct {
	Name string
	Type Type

	// MayBeAbsent tells that a row can be without a value.
	MayBeAbsent bool
}

// BaseColumns returns the columns that every row of kind k has, besides Time
// and Seq: the fields of [market.Bar] and [market.Tick] by their names in JSON.
// Indicators have none. The slice is the caller's.
func BaseColumns(k Kind) []BaseColumn { return slices.Clone(columnsOfKind(k)) }

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

// tickColumns has localtime as nanoseconds since 1970, 0 for none, and depth as
// the number of levels that are present.
var tickColumns = slices.Concat(
	floats("last_price", "last_volume", "volume", "turnover", "open_interest", "limit_up", "limit_down",
		"open_price", "high_price", "low_price", "pre_close",
		"bid_price_1", "bid_volume_1", "ask_price_1", "ask_volume_1"),
	absent(floats(
		"bid_price_2", "bid_volume_2", "ask_price_2", "ask_volume_2",
		"bid_price_3", "bid_volume_3", "ask_price_3", "ask_volume_3",
		"bid_price_4", "bid_volume_4", "ask_price_4", "ask_volume_4",
		"bid_price_5", "bid_volume_5", "ask_price_5", "ask_volume_5")),
	[]BaseColumn{{Name: "depth", Type: Int64}, {Name: "localtime", Type: Int64}, {Name: "name", Type: Text}},
)

func floats(names ...string) []BaseColumn {
	columns := make([]BaseColumn, len(names))
	for i, name := range names {
		columns[i] = BaseColumn{Name: name, Type: Float64}
	}
	return columns
}

func absent(columns []BaseColumn) []BaseColumn {
	for i := range columns {
		columns[i].MayBeAbsent = true
	}
	return columns
}
