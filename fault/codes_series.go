package fault

// Codes of stored series.
const (
	SeriesKey       Code = "RF-SER-001"
	SeriesFrame     Code = "RF-SER-002"
	SeriesSamePlace Code = "RF-SER-003"
	SeriesQuery     Code = "RF-SER-004"
	SeriesDiffers   Code = "RF-SER-005"
	SeriesType      Code = "RF-SER-006"
	SeriesChanges   Code = "RF-SER-007"
	SeriesClosed    Code = "RF-SER-008"
	SeriesOutside   Code = "RF-SER-009"
	SeriesLate      Code = "RF-SER-010"
	SeriesPartly    Code = "RF-SER-011"
)

var seriesEntries = []Entry{
	{
		SeriesKey, Invalid,
		Text{"a key names no series", "键没有指明一个序列"},
		Text{
			"Bars have a symbol and an interval, ticks a symbol alone, indicators a symbol, an interval and a name.",
			"K 线要有合约代码和周期，tick 只有合约代码，指标要有合约代码、周期和名称。",
		},
	},
	{
		SeriesFrame, Invalid,
		Text{"a frame cannot be stored", "数据帧无法存储"},
		Text{
			"Mend what the message names. Every column has one type and a value for each row; base columns have a value in every row; extra columns are named by lower-case letters, digits and underscores.",
			"修正错误信息所指出的内容。每一列只有一种类型，且每行一个值；基本列每行都要有值；附加列的名称由小写字母、数字和下划线组成。",
		},
	},
	{
		SeriesSamePlace, Invalid,
		Text{"two different ticks of one call have the same place", "一次调用中有两条不同的 tick 占同一位置"},
		Text{
			"Number the ticks of each microsecond by Seq, in the order of their arrival, from 0: series.Sequencer does it.",
			"用 Seq 为同一微秒内的 tick 按到达顺序编号，从 0 开始：series.Sequencer 可以完成。",
		},
	},
	{
		SeriesQuery, Invalid,
		Text{"a query cannot be answered", "查询无法执行"},
		Text{
			"Name at least one key and none twice, a range that does not go backwards, and a limit that is not below zero. Coarser bars are made of whole finer ones, in a time zone that is named.",
			"至少给出一个键且不重复，时间范围不能倒着写，条数上限不能小于零。较大周期的 K 线由整根较小周期的 K 线组成，并须给出时区。",
		},
	},
	{
		SeriesDiffers, Conflict,
		Text{"a row differs from the one that is stored", "数据行与已存储的不同"},
		Text{
			"Find out which of the two is right. Write it with Replace to let the new one win; nothing of this call was stored.",
			"请确认哪一个是对的。要让新数据生效，请用 Replace 方式写入；本次调用没有写入任何内容。",
		},
	},
	{
		SeriesType, Conflict,
		Text{"an extra column has another type in the store", "附加列的类型与已存储的不同"},
		Text{
			"Write the values in the type that the message names, or give the column another name.",
			"按错误信息所指出的类型写入，或换一个列名。",
		},
	},
	{
		SeriesChanges, Conflict,
		Text{"changes are no longer known so far back", "已不再保留那么早的变更记录"},
		Text{
			"Read everything again, and go on from the sequence number that the message names.",
			"请重新读取全部数据，并从错误信息给出的序号继续。",
		},
	},
	{
		SeriesClosed, Closed,
		Text{"the series store is closed", "序列存储已关闭"},
		Text{
			"The program closed the store before or during the call. Wait for its users before closing it.",
			"程序在调用之前或期间关闭了存储。关闭之前请等待使用者结束。",
		},
	},
	{
		SeriesOutside, Invalid,
		Text{"a row lies outside the range that it should replace", "数据行不在要替换的时间范围内"},
		Text{
			"Widen the range or leave the row out: Replace exchanges the rows of one range.",
			"请扩大时间范围或去掉该行：Replace 只替换一个范围内的数据。",
		},
	},
	{
		SeriesLate, Conflict,
		Text{"a tick is too late to be numbered", "tick 到达太晚，无法编号"},
		Text{
			"Read the stored ticks of its microsecond and give it the Seq after the highest, or leave it out and say so.",
			"读取该微秒内已存储的 tick，取最大 Seq 的下一个号；或舍弃它并记录下来。",
		},
	},
	{
		SeriesPartly, Unknown,
		Text{"a part of the call was stored", "本次调用只有一部分已存储"},
		Text{
			"Mend what the message names and write the same again: a row that is stored already is not doubled.",
			"修正错误信息所指出的问题后，原样再写一次：已存储的行不会重复。",
		},
	},
}
