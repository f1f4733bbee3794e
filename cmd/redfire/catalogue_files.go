package main

// What importing and exporting say.
var (
	barsImportShort  = message{"Import bars from files", "从文件导入 K 线"}
	ticksImportShort = message{"Import ticks from files", "从文件导入 tick"}
	importLong       = message{
		"Imports CSV (also .gz, .zst and .zip; commas, semicolons, tabs; UTF-8, UTF-16, GBK), NDJSON, JSON arrays, Parquet and Arrow files. FILE may be a folder or a pattern with *. What columns mean is taken from their names; what a file does not say is asked for on a terminal, and otherwise refused with the flag to give. Nothing is guessed that would move a row.\n\nRows that cannot be kept are written to FILE.rejects.csv with line and reason, the others are kept. To import the same files again changes nothing; after Ctrl-C the same command goes on. The exit code is 5 if rows were refused.",
		"导入 CSV（可为 .gz、.zst、.zip；逗号、分号或制表符分隔；UTF-8、UTF-16 或 GBK）、NDJSON、JSON 数组、Parquet 和 Arrow 文件。FILE 可以是文件夹或带 * 的模式。列的含义取自列名；文件没有说明的信息，在终端上会询问，否则拒绝并指出应给出的选项。凡会使数据错位的信息一律不猜测。\n\n无法保存的行连同行号和原因写入 FILE.rejects.csv，其余照常保存。重复导入同样的文件不会改变任何内容；按 Ctrl-C 中断后，重复同一命令即可继续。有行被拒绝时退出码为 5。",
	}

	barsExportShort  = message{"Export bars to a file", "把 K 线导出到文件"}
	ticksExportShort = message{"Export ticks to a file", "把 tick 导出到文件"}
	exportLong       = message{
		"Exports series to a file: .csv, .ndjson, .parquet or .arrow by its name, text also packed as .gz or .zst. SYMBOL may be a pattern with *; without one all series are exported. The file has its name when it is whole, and an existing one is not replaced without --force. Importing it needs no flags.",
		"把序列导出到文件：由文件名决定 .csv、.ndjson、.parquet 或 .arrow，文本还可压缩为 .gz 或 .zst。SYMBOL 可以是带 * 的模式，不给出则导出全部序列。文件完整后才以该名称出现；没有 --force 不会覆盖已有的文件。重新导入时不需要任何选项。",
	}

	flagImportSymbol   = message{"symbol of all rows, rb2601.SHFE", "所有行的合约代码，如 rb2601.SHFE"}
	flagImportExchange = message{"exchange of symbols that do not name it", "未写明交易所的合约所属的交易所"}
	flagImportInterval = message{"interval of the bars: 1m, 5m, 1h, d, w", "K 线周期：1m、5m、1h、d、w"}
	flagImportZone     = message{"time zone of times without an offset", "没有时差的时间所属的时区"}
	flagPath           = message{"where in the path the names are: '{symbol}/{interval}.csv', '{exchange}/{code}_*.csv'", "名称在路径中的位置：'{symbol}/{interval}.csv'、'{exchange}/{code}_*.csv'"}
	flagBarTime        = message{"whether bars are stamped at their start or their end", "K 线时间是开始还是结束"}
	flagDateOrder      = message{"order of dates whose year is last: 12/31/1999 is mdy", "年份在后的日期的顺序：12/31/1999 为 mdy"}
	flagTimeUnit       = message{"unit of times that are numbers, if not that of their digits", "数字时间的单位（默认由位数判断）"}
	flagEncoding       = message{"encoding of the text (default: found out)", "文本编码（默认自动识别）"}
	flagPreset         = message{"a form of file that is known", "已知的文件格式"}
	flagColumns        = message{"names of the columns of a file without a header, by commas", "没有表头的文件的列名，用逗号分隔"}
	flagMap            = message{"column of a field: open=OpeningPx (may be repeated)", "字段所在的列：open=OpeningPx（可重复）"}
	flagKeep           = message{"keep a column beside the usual ones: NAME or NAME:text|int|float (may be repeated)", "额外保留的列：NAME 或 NAME:text|int|float（可重复）"}
	flagImportVolume   = message{"whether the volume of a tick was traded in it or since the day began", "tick 的成交量是本笔成交还是当日累计"}
	flagAcceptSuspect  = message{"keep rows that contradict themselves (a high below the low)", "保留自相矛盾的行（如最高价低于最低价）"}
	flagReplace        = message{"replace ticks that differ from those stored; of two bars for one time keep the last", "覆盖与已存储的不同的 tick；同一时间的两根 K 线保留后者"}
	flagRejects        = message{"folder for refused rows (default: that of the file)", "存放被拒绝的行的文件夹（默认与文件相同）"}
	flagImportDryRun   = message{"show what the first rows would become, and store nothing", "只显示前几行将变成什么，不保存"}
	flagRows           = message{"how many rows --dry-run shows of a file", "--dry-run 对每个文件显示的行数"}

	flagExportInterval = message{"interval of the bars (default: all)", "K 线周期（默认全部）"}
	flagExportColumns  = message{"columns to export beside symbol and time, by commas (default: all)", "除代码和时间外要导出的列，用逗号分隔（默认全部）"}
	flagForce          = message{"replace the file if it exists", "文件已存在时覆盖"}
	exported           = message{"wrote %d rows of %d series to %s (%.1f s, %d rows/s)", "已写出 %d 行（%d 个序列）到 %s（%.1f 秒，每秒 %d 行）"}
	exportLine         = message{"%d rows, %d/s", "%d 行，每秒 %d 行"}

	askSymbol    = message{"Which symbol is it (rb2601.SHFE)?", "是哪个合约（如 rb2601.SHFE）？"}
	askExchange  = message{"Of which exchange are the symbols (SHFE)?", "合约属于哪个交易所（如 SHFE）？"}
	askInterval  = message{"Of which interval are the bars (1m, 5m, 1h, d)?", "K 线周期是多少（1m、5m、1h、d）？"}
	askZone      = message{"In which time zone are the times (Asia/Shanghai, America/New_York, UTC)?", "时间属于哪个时区（Asia/Shanghai、America/New_York、UTC）？"}
	askBarTime   = message{"Are bars stamped at their start or their end (start, end)?", "K 线时间是开始还是结束（start、end）？"}
	askDateOrder = message{"Do dates begin with the month or the day (mdy, dmy)?", "日期是月在前还是日在前（mdy、dmy）？"}
	askVolume    = message{"Was the volume of a tick traded in it, or since the day began (traded, cumulative)?", "tick 的成交量是本笔成交还是当日累计（traded、cumulative）？"}

	colFiles   = message{"FILES", "文件"}
	colRead    = message{"READ", "读取"}
	colRefused = message{"REFUSED", "拒绝"}

	imported       = message{"read %d, new %d, unchanged %d, replaced %d, refused %d (files: %d, series: %d; %.1f s, %d rows/s)", "读取 %d，新增 %d，未变 %d，替换 %d，拒绝 %d（文件 %d，序列 %d；%.1f 秒，每秒 %d 行）"}
	refusedBecause = message{"refused %d: %s [%s]", "拒绝 %d：%s [%s]"}
	fileNote       = message{"about %s: %s", "关于 %s：%s"}
	rejectsNote    = message{"refused rows are in %s: mend them there, and import that file", "被拒绝的行在 %s：在那里改好后导入该文件"}
	importGoesOn   = message{"stopped; the rows below are kept, and the same command goes on", "已停止；下列数据已保存，重复同一命令即可继续"}
	sortingNote    = message{"the ticks are not in the order of time: they are sorted first, which needs about %d MB in %s", "tick 没有按时间排序：先排序，约需 %d MB（在 %s）"}
	progressLine   = message{"%s: %d rows, %d/s", "%s：%d 行，每秒 %d 行"}
	progressLeft   = message{", %d%%, %s left", "，%d%%，剩余 %s"}

	previewFile    = message{"%s: columns", "%s：各列"}
	previewMeaning = message{"  %q is %s", "  %q 为 %s"}
	previewIgnored = message{"  %q is not imported", "  %q 不导入"}
	previewZone    = message{"times are those of %s", "时间属于 %s"}
	previewEnd     = message{"bars are stamped at their end", "K 线以结束时间标记"}
	previewZoneEnd = message{"times are those of %s, and bars are stamped at their end", "时间属于 %s，K 线以结束时间标记"}
	previewRefused = message{"line %d would be refused: %s: %s", "第 %d 行将被拒绝：%s：%s"}
	previewMore    = message{"%d more files were not looked at", "另有 %d 个文件没有查看"}
	previewDone    = message{"nothing was stored", "没有保存任何内容"}
)

// What the demo says.
var (
	demoShort = message{"Show what RedFire does, on real market data", "用真实行情演示 RedFire"}
	demoLong  = message{
		"Imports real market data that comes with the program, builds bars of its trades and draws a day, in a folder of its own: 100,000 trades of bitcoin and 10,062 daily bars of two indices. Then it serves them by HTTP until it is interrupted. Doing it again changes nothing.",
		"导入程序自带的真实行情，用逐笔成交合成 K 线并画出一天，全部在单独的文件夹中：10 万笔比特币成交和两个指数的 10,062 根日线。随后通过 HTTP 提供这些数据，直到被中断。重复执行不会改变任何内容。",
	}
	flagDemoData = message{"folder of the demo (default: redfire-demo)", "演示用的文件夹（默认：redfire-demo）"}
	flagOnce     = message{"end when it is done, and serve nothing", "完成后结束，不启动服务"}
	demoImported = message{"imported %d rows of %s, from %s to %s (%s)", "导入 %d 行 %s，从 %s 到 %s（%s）"}
	demoKept     = message{"  read %d, new %d, unchanged %d: all durable after %.2f s, %d rows/s", "  读取 %d，新增 %d，未变 %d：%.2f 秒后全部落盘，每秒 %d 行"}
	demoBuilt    = message{"built %d rows of %s from the trades in %.3f s", "用成交合成 %d 行 %s，用时 %.3f 秒"}
	demoDrawn    = message{"%s on %s, hour by hour (UTC)", "%s，%s，按小时（UTC）"}
	demoBar      = message{"%s  open %8.2f  high %8.2f  low %8.2f  close %8.2f  volume %8.2f", "%s  开 %8.2f  高 %8.2f  低 %8.2f  收 %8.2f  量 %8.2f"}
	demoTry      = message{
		"\nDone in %.1f s. Try:\n  redfire bars ls --data %[2]s\n  redfire bars get SPX.CBOE d --last 5 --data %[2]s\n  redfire ticks import %[3]s/ticks --path '{symbol}/*' --data %[2]s",
		"\n用时 %.1f 秒。试试：\n  redfire bars ls --data %[2]s\n  redfire bars get SPX.CBOE d --last 5 --data %[2]s\n  redfire ticks import %[3]s/ticks --path '{symbol}/*' --data %[2]s",
	}
	demoServes = message{
		"\nDone in %.1f s, and listening on %[2]s until you press Ctrl-C. Try, in another window:\n  curl '%[2]s/v1/bars?symbol=SPX.CBOE&interval=d&limit=5&reverse=true&format=csv'\n  python3 -c \"import pandas as pd; print(pd.read_csv('%[2]s/v1/bars?symbol=BTCUSD.BITSTAMP&interval=1h&format=csv'))\"\n  redfire bars get SPX.CBOE d --last 5 --server %[2]s",
		"\n用时 %.1f 秒，正在监听 %[2]s，按 Ctrl-C 结束。请在另一个窗口试试：\n  curl '%[2]s/v1/bars?symbol=SPX.CBOE&interval=d&limit=5&reverse=true&format=csv'\n  python3 -c \"import pandas as pd; print(pd.read_csv('%[2]s/v1/bars?symbol=BTCUSD.BITSTAMP&interval=1h&format=csv'))\"\n  redfire bars get SPX.CBOE d --last 5 --server %[2]s",
	}
)
