package main

// What the commands over the series store say.
var (
	barsShort = message{"Bars: import, list, read, export, resample, look after them", "K 线：导入、列出、读取、导出、合成与维护"}
	barsLong  = message{
		"Bars by symbol and interval, as they are stored in the data folder.\n\nSymbols are written as vn.py does, rb2601.SHFE; intervals as 30s, 1m, 90m, 4h, d and w.",
		"数据目录中按合约和周期存储的 K 线。\n\n合约代码的写法与 vn.py 相同：rb2601.SHFE；周期写作 30s、1m、90m、4h、d、w。",
	}
	ticksShort = message{"Ticks: import, list, read, export, make bars of them", "tick：导入、列出、读取、导出、合成 K 线"}
	ticksLong  = message{
		"Ticks by symbol, as they are stored in the data folder.\n\nSymbols are written as vn.py does: rb2601.SHFE.",
		"数据目录中按合约存储的 tick。\n\n合约代码的写法与 vn.py 相同：rb2601.SHFE。",
	}
	wholeStore = message{
		"It is about the whole store, bars and ticks and indicators, whichever of \"redfire bars\" and \"redfire ticks\" it is called by.",
		"无论通过 \"redfire bars\" 还是 \"redfire ticks\" 调用，对象都是整个序列存储，包括 K 线、tick 和指标。",
	}

	flagData     = message{"data folder (default: data of the configuration)", "数据目录（默认：配置中的 data）"}
	flagSince    = message{"from this time on: 2026-01-05, '2026-01-05 09:30', 2026-01-05T09:30:00+08:00", "从该时间起（含）：2026-01-05、'2026-01-05 09:30'、2026-01-05T09:30:00+08:00"}
	flagUntil    = message{"up to this time, which is not in it: 2026-01-06 ends with the day before", "到该时间为止（不含）：2026-01-06 表示到前一天结束"}
	flagZone     = message{"time zone of times, in what you write and what you see: Asia/Shanghai, +08:00 (default: UTC; of days and weeks that of the exchange)", "输入和显示时间所用的时区：Asia/Shanghai、+08:00（默认 UTC；日线和周线为交易所时区）"}
	flagLast     = message{"the newest `N` rows alone", "只取最新的 `N` 行"}
	flagLimit    = message{"at most `N` rows, 0 for all (default: 1000 in a table, else all)", "最多 `N` 行，0 表示全部（默认：表格 1000 行，其他格式全部）"}
	flagExchange = message{"those of this exchange alone", "只列出该交易所"}
	flagInterval = message{"those of this interval alone", "只列出该周期"}
	flagYes      = message{"delete without asking", "不询问，直接删除"}
	flagStep     = message{"width of a price level (default: attribute price_tick of the series)", "每个价格档的宽度（默认：序列的属性 price_tick）"}
	flagDryRun   = message{"print the bars and store nothing", "只输出 K 线，不存储"}
	flagLimitDry = message{"with --dry-run, at most `N` bars, 0 for all (default: 1000 in a table, else all)", "与 --dry-run 合用：最多 `N` 根，0 表示全部（默认：表格 1000 根，其他格式全部）"}

	flagTickVolume = message{
		"how the volume of the ticks counts: each its own trade, or since the start of the day (default: attribute tick_volume of the series)",
		"tick 成交量的计数方式：traded 为逐笔，cumulative 为当日累计（默认：序列的属性 tick_volume）",
	}

	barsLsShort = message{"List the bars that there are", "列出已有的 K 线"}
	barsLsLong  = message{
		"Lists the series of bars: how many rows, the times of the first and the last, attributes and extra columns. PATTERN is a symbol or a code, in which * stands for any text and ? for one character; capitals do not matter. Put it in quotes, or the shell takes it for names of files.",
		"列出各 K 线序列：行数、首末时间、属性和附加列。PATTERN 是合约代码（可不含交易所），* 代表任意文字，? 代表一个字符，不区分大小写。请加引号，否则 shell 会当作文件名展开。",
	}
	ticksLsShort = message{"List the ticks that there are", "列出已有的 tick"}
	ticksLsLong  = message{
		"Lists the series of ticks: how many rows, the times of the first and the last, attributes and extra columns. PATTERN is a symbol or a code, in which * stands for any text and ? for one character; capitals do not matter. Put it in quotes, or the shell takes it for names of files.",
		"列出各 tick 序列：行数、首末时间、属性和附加列。PATTERN 是合约代码（可不含交易所），* 代表任意文字，? 代表一个字符，不区分大小写。请加引号，否则 shell 会当作文件名展开。",
	}
	flagZoneShown = message{"time zone in which times are shown: Asia/Shanghai, +08:00 (default: UTC; of days and weeks that of the exchange)", "显示时间所用的时区：Asia/Shanghai、+08:00（默认 UTC；日线和周线为交易所时区）"}
	colSymbol     = message{"SYMBOL", "合约"}
	colInterval   = message{"INTERVAL", "周期"}
	colRows       = message{"ROWS", "行数"}
	colFirst      = message{"FIRST", "起始"}
	colLast       = message{"LAST", "截止"}
	colZone       = message{"ZONE", "时区"}
	colAttributes = message{"ATTRIBUTES", "属性"}
	colExtra      = message{"EXTRA COLUMNS", "附加列"}
	nothingListed = message{"nothing of that is stored in %s", "%s 中没有符合条件的序列"}

	barsGetShort = message{"Print bars", "输出 K 线"}
	barsGetLong  = message{
		"Prints bars, oldest first, with their extra columns. INTERVAL may be left out if there is only one.\n\nTimes are the starts of bars. In csv, json and ndjson they have their offset from UTC; prices are written as the shortest decimal that is read back as the same number. A table leaves out columns in which nothing stands.",
		"按时间顺序输出 K 线及其附加列。只有一个周期时可以不写 INTERVAL。\n\n时间是 K 线的开始时间。csv、json 和 ndjson 中的时间带 UTC 时差；价格写成能还原为同一数值的最短小数。表格会省略没有内容的列。",
	}
	ticksGetShort = message{"Print ticks", "输出 tick"}
	ticksGetLong  = message{
		"Prints ticks, oldest first, with their extra columns.\n\nIn csv, json and ndjson times have their offset from UTC; prices are written as the shortest decimal that is read back as the same number. A table leaves out columns in which nothing stands.",
		"按时间顺序输出 tick 及其附加列。\n\ncsv、json 和 ndjson 中的时间带 UTC 时差；价格写成能还原为同一数值的最短小数。表格会省略没有内容的列。",
	}
	colTime     = message{"TIME", "时间"}
	colTimeIn   = message{"TIME (%s)", "时间（%s）"}
	colSeq      = message{"SEQ", "序号"}
	moreRows    = message{"There are more than these %d rows. --limit 0 shows all, --last N the newest; --since and --until choose a range.", "不止这 %d 行。--limit 0 显示全部，--last N 显示最新的 N 行；用 --since 和 --until 选择时间范围。"}
	noRowsThere = message{"%s has no rows there; it goes from %s to %s (%s).", "%s 在该范围内没有数据；已有数据从 %s 到 %s（%s）。"}

	barsRmShort = message{"Delete bars", "删除 K 线"}
	barsRmLong  = message{
		"Deletes the bars of a symbol: of INTERVAL, or without one of all intervals; with --since and --until those of a range, else all of them with the attributes of the series. It says how many there are and asks on a terminal; elsewhere it wants --yes.",
		"删除某合约的 K 线：给出 INTERVAL 则只删该周期，否则删除所有周期；给出 --since、--until 则只删该时间范围，否则连同序列的属性全部删除。在终端上会先说明行数并询问，其他情况需要 --yes。",
	}
	ticksRmShort = message{"Delete ticks", "删除 tick"}
	ticksRmLong  = message{
		"Deletes the ticks of a symbol: with --since and --until those of a range, else all of them with the attributes of the series. It says how many there are and asks on a terminal; elsewhere it wants --yes.",
		"删除某合约的 tick：给出 --since、--until 则只删该时间范围，否则连同序列的属性全部删除。在终端上会先说明行数并询问，其他情况需要 --yes。",
	}
	colSeries  = message{"SERIES", "序列"}
	colDeleted = message{"DELETED", "删除"}
	rmPart     = message{"all %d rows of %s", "全部 %d 行（%s）"}
	rmPartIn   = message{"%d rows of %s from %s to %s", "%d 行（%s，从 %s 到 %s）"}
	rmAsk      = message{"Delete %s? [y/N] ", "删除 %s？[y/N] "}
	rmLeft     = message{"Nothing was deleted.", "没有删除任何内容。"}

	resampleShort = message{"Make coarser bars and store them", "合成更大周期的 K 线并存储"}
	resampleLong  = message{
		"Makes bars of the interval TO of those of FROM, and stores them in place of what stands in their windows. Doing it again changes nothing.\n\nWindows are counted from midnight in a time zone: that of --tz, else the attribute zone of the series, else that of the exchange. With --calendar they are those of the trading sessions: a night session belongs to the next trading day, and breaks cut no window. --since and --until are moved outwards to whole windows. Bars of TO from before the first and after the last bar of FROM stay as they are.",
		"用 FROM 周期的 K 线合成 TO 周期的 K 线，替换相应窗口中已有的内容并存储。重复执行不会有变化。\n\n窗口从某时区的零点起算：--tz 指定的时区，否则取序列的属性 zone，否则取交易所的时区。用 --calendar 则按交易时段划分：夜盘属于下一个交易日，窗口跨过休息时段。--since 和 --until 会向外扩展到整个窗口。FROM 首根之前和末根之后的 TO 周期 K 线保持不变。",
	}
	ticksBarsShort = message{"Make bars of ticks and store them", "用 tick 合成 K 线并存储"}
	ticksBarsLong  = message{
		"Makes bars of the interval TO of ticks, and stores them in place of what stands in their windows. Doing it again changes nothing. A tick without a last price makes no bar.\n\nWindows are counted from midnight in a time zone: that of --tz, else the attribute zone of the series, else that of the exchange. With --calendar they are those of the trading sessions: a night session belongs to the next trading day, and breaks cut no window. --since and --until are moved outwards to whole windows. Bars from before the first and after the last tick stay as they are.",
		"用 tick 合成 TO 周期的 K 线，替换相应窗口中已有的内容并存储。重复执行不会有变化。没有最新价的 tick 不产生 K 线。\n\n窗口从某时区的零点起算：--tz 指定的时区，否则取序列的属性 zone，否则取交易所的时区。用 --calendar 则按交易时段划分：夜盘属于下一个交易日，窗口跨过休息时段。--since 和 --until 会向外扩展到整个窗口。首条 tick 之前和末条之后的 K 线保持不变。",
	}
	colNew       = message{"NEW", "新增"}
	colUnchanged = message{"UNCHANGED", "未变"}
	colReplaced  = message{"REPLACED", "替换"}
	resampled    = message{"%s: %d new, %d unchanged, %d replaced, %d deleted (days of %s)", "%s：新增 %d，未变 %d，替换 %d，删除 %d（按 %s 计日）"}

	profileShort = message{"Show how much was traded at which price", "显示各价位的成交量"}
	profileLong  = message{
		"Shows how much was traded at which price, the lowest first: of bars by their close, of ticks by their last price. A level holds the prices from its own up to the next one's; levels without volume are left out. How the volume of ticks counts is an attribute of their series, tick_volume.",
		"显示各价位的成交量，从低到高：K 线按收盘价，tick 按最新价。每一档包含从本档价格到下一档之前的价格；没有成交的档不显示。tick 成交量的计数方式取自序列的属性 tick_volume。",
	}
	colPrice      = message{"PRICE", "价格"}
	colPercent    = message{"PERCENT", "占比%"}
	colBar        = message{"SHARE", "分布"}
	nothingTraded = message{"%s has no volume there.", "%s 在该范围内没有成交量。"}

	verifyShort = message{"Check every stored byte", "校验存储的每个字节"}
	verifyLong  = message{
		"Reads every byte of the series store and checks it. What is damaged is listed, with the rows that stood there if that is known; the exit code is then 3.",
		"读取序列存储的每个字节并校验。列出损坏之处，以及已知位于该处的数据行；有损坏时退出码为 3。",
	}
	verified    = message{"OK: every byte of %s is as it was written", "OK：%s 的每个字节都与写入时一致"}
	colFile     = message{"FILE", "文件"}
	colOffset   = message{"OFFSET", "偏移"}
	colError    = message{"ERROR", "错误"}
	backupShort = message{"Copy the series store into a new folder", "把序列存储复制到新目录"}
	backupLong  = message{
		"Copies the series store into DIR, which must be new or empty, and reads the copy back. \"restore\" makes a store of it again.",
		"把序列存储复制到 DIR（必须是新目录或空目录），并回读校验。用 \"restore\" 可由它恢复存储。",
	}
	backedUp     = message{"backed up %d series, %d rows, to %s", "已备份 %d 个序列、%d 行到 %s"}
	restoreShort = message{"Make the series store of a backup", "从备份恢复序列存储"}
	restoreLong  = message{
		"Copies the backup in DIR into the data folder, which must have no series store yet, and reads the copy back. The backup stays as it is.",
		"把 DIR 中的备份复制到数据目录（其中不能已有序列存储），并回读校验。备份保持不变。",
	}
	restored     = message{"restored %d series, %d rows, to %s", "已恢复 %d 个序列、%d 行到 %s"}
	salvageShort = message{"Make a new store of what is sound in a damaged one", "从损坏的存储中救出完好的内容"}
	salvageLong  = message{
		"Copies what is sound in a damaged series store into DIR, which must be new or empty, and tells what was lost. The damaged store stays as it is. \"restore DIR --data NEW\" then puts what was saved into use.",
		"把损坏的序列存储中完好的内容复制到 DIR（必须是新目录或空目录），并说明丢失了什么。损坏的存储保持不变。之后用 \"restore DIR --data 新目录\" 即可启用救出的内容。",
	}
	salvaged    = message{"saved %d series, %d rows, in %s; damaged places: %d", "已救出 %d 个序列、%d 行，存于 %s；损坏之处：%d"}
	salvageLost = message{"lost: %s (%s)", "丢失：%s（%s）"}

	tornWarning  = message{"the end of the log, %d bytes that were never acknowledged, was moved aside to %s", "日志末尾 %d 字节（从未确认写入）已移至 %s"}
	warningLabel = message{"warning: ", "警告："}
)

// baseTitles are the titles of the columns that every bar or tick has.
var baseTitles = map[string]message{
	"open":          {"OPEN", "开"},
	"high":          {"HIGH", "高"},
	"low":           {"LOW", "低"},
	"close":         {"CLOSE", "收"},
	"volume":        colVolume,
	"turnover":      {"TURNOVER", "成交额"},
	"open_interest": {"OPEN INTEREST", "持仓量"},
	"last_price":    {"LAST", "最新价"},
	"last_volume":   {"LAST VOLUME", "最新量"},
	"limit_up":      {"LIMIT UP", "涨停价"},
	"limit_down":    {"LIMIT DOWN", "跌停价"},
	"open_price":    {"OPEN", "开盘价"},
	"high_price":    {"HIGH", "最高价"},
	"low_price":     {"LOW", "最低价"},
	"pre_close":     {"PREV CLOSE", "昨收"},
	"localtime":     {"LOCAL TIME", "接收时间"},
	"name":          {"NAME", "名称"},
	"bid_price_1":   {"BID 1", "买一价"}, "bid_volume_1": {"BID SIZE 1", "买一量"},
	"ask_price_1": {"ASK 1", "卖一价"}, "ask_volume_1": {"ASK SIZE 1", "卖一量"},
	"bid_price_2": {"BID 2", "买二价"}, "bid_volume_2": {"BID SIZE 2", "买二量"},
	"ask_price_2": {"ASK 2", "卖二价"}, "ask_volume_2": {"ASK SIZE 2", "卖二量"},
	"bid_price_3": {"BID 3", "买三价"}, "bid_volume_3": {"BID SIZE 3", "买三量"},
	"ask_price_3": {"ASK 3", "卖三价"}, "ask_volume_3": {"ASK SIZE 3", "卖三量"},
	"bid_price_4": {"BID 4", "买四价"}, "bid_volume_4": {"BID SIZE 4", "买四量"},
	"ask_price_4": {"ASK 4", "卖四价"}, "ask_volume_4": {"ASK SIZE 4", "卖四量"},
	"bid_price_5": {"BID 5", "买五价"}, "bid_volume_5": {"BID SIZE 5", "买五量"},
	"ask_price_5": {"ASK 5", "卖五价"}, "ask_volume_5": {"ASK SIZE 5", "卖五量"},
}

var colVolume = message{"VOLUME", "成交量"}
