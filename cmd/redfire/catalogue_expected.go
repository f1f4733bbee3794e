package main

import "github.com/redfire-quant/redfire/series"

// What the commands say that hold bars against a calendar.
var (
	gapsShort = message{"Find bars that are missing, or should not be there", "查找缺失和多余的 K 线"}
	gapsLong  = message{
		"Holds stored bars against the trading calendar of their symbol, and lists what is wrong: gaps, bars outside of sessions, bars within a session at whose time none begins, a second bar of a window, and bars that contradict themselves. Holidays, nights and breaks are no gaps. SYMBOL may be a pattern in quotes: 'rb*.SHFE'.\n\nWhat is missing in front of the first bar and behind the last counts up to --since and --until alone; a date without a time is a trading day there, with its night session. With -o json each gap has the command that would import it.",
		"把已存储的 K 线与合约的交易日历对照，列出问题：缺口、交易时段之外的 K 线、时间不是任何 K 线起点的 K 线、同一窗口的第二根 K 线，以及自相矛盾的 K 线。节假日、非交易时段和小节休息不算缺口。SYMBOL 可以是加引号的通配符：'rb*.SHFE'。\n\n第一根之前和最后一根之后的缺失，只在给出 --since 和 --until 时计入；只写日期时指交易日，包含其夜盘。用 -o json 时，每个缺口都附有补导它的命令。",
	}
	coverageShort = message{"Show how many of the expected bars there are, day by day", "按交易日显示 K 线的完整程度"}
	coverageLong  = message{
		"Counts, for each trading day, how many bars the trading calendar of the symbol expects and how many of them are stored. A night session belongs to the next trading day; trading days count whole, from the one of the first bar to that of the last, or those that --since and --until name. SYMBOL may be a pattern in quotes: '*.SHFE'.",
		"对每个交易日，统计合约的交易日历应有的 K 线数和已存储的根数。夜盘属于下一个交易日；交易日按整日计，从第一根 K 线所在的交易日到最后一根所在的交易日，或由 --since 和 --until 指定。SYMBOL 可以是加引号的通配符：'*.SHFE'。",
	}
	flagCalendarOf = message{"trading calendar: a name, or auto for that of the symbol (default: auto; see \"redfire calendar show\")", "交易日历：名称，或 auto（合约自己的日历）（默认 auto；见 \"redfire calendar show\"）"}
	flagBy         = message{"what a line is about: a trading day, or a series as a whole", "每行的内容：day 为一个交易日，series 为整个序列"}

	flagResampleCalendar = message{
		"count by the sessions of a trading calendar: a name, auto for that of the symbol, none for the clock (default: none; days with night sessions want a word)",
		"按交易日历的时段划分：日历名称，auto 为合约自己的日历，none 为按时钟（默认 none；有夜盘的日线须明确指定）",
	}
	flagImportCalendar = message{
		"trading calendar by which bars stamped at their end begin: a name, auto for that of the symbol, none for the clock",
		"以结束时间标记的 K 线按哪个交易日历推出开始时间：日历名称，auto 为合约自己的日历，none 为按时钟",
	}
	askCalendar = message{
		"By which trading calendar do bars end: auto for that of the symbol, none for the clock, or a name?",
		"K 线按哪个交易日历结束：auto 为合约自己的日历，none 为按时钟，或日历名称？",
	}

	colDefect   = message{"KIND", "类别"}
	colFrom     = message{"FROM", "从"}
	colUntil    = message{"UNTIL", "到（不含）"}
	colBars     = message{"BARS", "根数"}
	colText     = message{"WHAT IS WRONG", "问题"}
	colDay      = message{"TRADING DAY", "交易日"}
	colDays     = message{"DAYS", "交易日数"}
	colComplete = message{"COMPLETE", "完整日数"}
	colExpected = message{"EXPECTED", "应有"}
	colPresent  = message{"PRESENT", "已有"}
	colOutside  = message{"OUTSIDE", "时段外"}

	noDefects    = message{"Nothing is wrong with the bars of %d series.", "%d 个序列的 K 线没有问题。"}
	moreDefects  = message{"There are more than these %d lines. --limit 0 shows all; --since and --until choose a range.", "不止这 %d 行。--limit 0 显示全部；用 --since 和 --until 选择时间范围。"}
	moreCoverage = message{"There may be more than these %d lines. --limit 0 shows all, --by series a line for each series.", "可能不止这 %d 行。--limit 0 显示全部，--by series 每个序列一行。"}

	outsideNote = message{"%d rows lie outside of the sessions of the calendar %s and went into no bar; the first is at %s.", "有 %d 行在日历 %s 的交易时段之外，未计入任何 K 线；第一行在 %s。"}
	outsideOf   = message{"%d rows lie outside of --since and --until, and were passed over.", "有 %d 行在 --since 和 --until 之外，已跳过。"}
)

// defectTotals say how many bars have each defect.
var defectTotals = map[series.DefectKind]message{
	series.Gap:           {"missing: %d", "缺失：%d"},
	series.Outside:       {"outside of sessions: %d", "时段外：%d"},
	series.OffGrid:       {"off the grid: %d", "非起点：%d"},
	series.Duplicate:     {"duplicate: %d", "重复：%d"},
	series.Contradiction: {"contradicting themselves: %d", "自相矛盾：%d"},
}
