package fault

// Codes of symbols, times and rows.
const (
	MarketSymbol    Code = "RF-MKT-001"
	MarketInterval  Code = "RF-MKT-002"
	MarketTime      Code = "RF-MKT-003"
	MarketTimeRange Code = "RF-MKT-004"
	MarketZone      Code = "RF-MKT-005"
	MarketNoZone    Code = "RF-MKT-006"
	MarketSkipped   Code = "RF-MKT-007"
	MarketRepeated  Code = "RF-MKT-008"
	MarketRange     Code = "RF-MKT-009"
	MarketNotFinite Code = "RF-MKT-010"
	MarketNoTime    Code = "RF-MKT-011"
	MarketSubsecond Code = "RF-MKT-012"
	MarketDepth     Code = "RF-MKT-013"
	MarketForm      Code = "RF-MKT-014"
	MarketExchange  Code = "RF-MKT-015"
	MarketText      Code = "RF-MKT-016"
	MarketHours     Code = "RF-MKT-017"
	MarketCalendar  Code = "RF-MKT-018"
	MarketBeyond    Code = "RF-MKT-019"
	MarketUnlisted  Code = "RF-MKT-020"
	MarketClosed    Code = "RF-MKT-021"
	MarketLate      Code = "RF-MKT-022"
	MarketAhead     Code = "RF-MKT-023"
)

var marketEntries = []Entry{
	{
		MarketSymbol, Invalid,
		Text{"a symbol is not well formed", "合约代码格式不正确"},
		Text{
			"Write code.EXCHANGE as vn.py does: rb2601.SHFE. The last dot divides; the code has 1 to 128 bytes of UTF-8 without control or invisible characters, does not begin or end with a space and does not end with a backslash; the exchange has 1 to 16 of A-Z, 0-9 and _.",
			"按 vn.py 的方式写成 代码.交易所，例如 rb2601.SHFE。最后一个点分隔两部分；代码为 1 到 128 字节的 UTF-8，不含控制字符或不可见字符，首尾不能有空格，结尾不能是反斜杠；交易所为 1 到 16 个 A-Z、0-9 或 _。",
		},
	},
	{
		MarketInterval, Invalid,
		Text{"an interval is not one that bars have", "不是有效的 K 线周期"},
		Text{
			"Write seconds, minutes or hours up to a day (30s, 1m, 15m, 4h, 24h), d for trading days or w for weeks. Months are not kept.",
			"写成不超过一天的秒、分钟或小时（30s、1m、15m、4h、24h），或 d（交易日）、w（周）。不支持月线。",
		},
	},
	{
		MarketTime, Invalid,
		Text{"a time cannot be read", "无法解析时间"},
		Text{
			"Write RFC 3339 with its offset, 2026-01-05T09:30:00+08:00 or 2026-01-05T01:30:00Z, or, where a time zone is given beside it, 2026-01-05 09:30:00 or 2026-01-05.",
			"写成带时差的 RFC 3339 格式：2026-01-05T09:30:00+08:00 或 2026-01-05T01:30:00Z；若另外给出了时区，也可写成 2026-01-05 09:30:00 或 2026-01-05。",
		},
	},
	{
		MarketTimeRange, Invalid,
		Text{"a time cannot be stored", "时间超出可存储的范围"},
		Text{
			"Times lie from the year 1678 to 2261, and 1970-01-01T00:00:00Z to the nanosecond means that there is none. Such a time usually comes from a wrong unit (seconds read as milliseconds) or from an empty field.",
			"时间须在 1678 年至 2261 年之间；恰为 1970-01-01T00:00:00Z 表示没有时间。出现这种时间，多半是单位弄错（把秒当成毫秒）或字段为空。",
		},
	},
	{
		MarketZone, Invalid,
		Text{"a time zone is not known", "未知的时区"},
		Text{
			"Name a zone of the IANA database (Asia/Shanghai for all of China, America/New_York, UTC) or a fixed offset (+08:00). Abbreviations such as CST mean several zones, and the machine's own zone is never used.",
			"写 IANA 数据库中的时区名（中国统一为 Asia/Shanghai，另如 America/New_York、UTC），或固定时差（+08:00）。CST 之类的缩写对应多个时区；本机的时区从不使用。",
		},
	},
	{
		MarketNoZone, Invalid,
		Text{"a time has no offset and no zone was given", "时间没有时差，也没有给出时区"},
		Text{
			"Write the offset (…+08:00, …Z) or say in which zone the clock was read. RedFire does not guess it.",
			"写出时差（…+08:00、…Z），或说明这是哪个时区的时间。RedFire 不会猜测。",
		},
	},
	{
		MarketSkipped, Invalid,
		Text{"a wall-clock time does not exist in its zone", "该时区中不存在这个当地时间"},
		Text{
			"The clocks were put forward over it (daylight saving time). Check the zone, or write the time with its offset.",
			"夏令时开始时钟表向前拨，跳过了这个时间。请检查时区，或写出带时差的时间。",
		},
	},
	{
		MarketRepeated, Invalid,
		Text{"a wall-clock time exists twice in its zone", "该时区中这个当地时间出现了两次"},
		Text{
			"The clocks were put back over it (daylight saving time). Write the time with its offset; the message names both.",
			"夏令时结束时钟表向后拨，这个时间出现两次。请写出带时差的时间；错误信息给出了两个时差。",
		},
	},
	{
		MarketRange, Invalid,
		Text{"a range of time is not one", "时间范围不成立"},
		Text{
			"Write the earlier time first. A range holds its first time and not its last; an end that is left out is open. For ticks both ends are whole microseconds.",
			"较早的时间写在前面。范围包含起点、不包含终点；省略的一端表示不限。对 tick 数据，两端须为整微秒。",
		},
	},
	{
		MarketNotFinite, Invalid,
		Text{"a price or volume is not a number", "价格或成交量不是有限的数"},
		Text{
			"NaN and infinity are never stored. Leave the field 0 where the source has no value.",
			"从不存储 NaN 和无穷大。数据源没有该值时，字段留 0。",
		},
	},
	{
		MarketNoTime, Invalid,
		Text{"a row has no time", "数据行没有时间"},
		Text{
			"Fill in the time: the start of the bar, or the instant of the tick.",
			"请填写时间：K 线的开始时间，或 tick 的时刻。",
		},
	},
	{
		MarketSubsecond, Invalid,
		Text{"a bar's time is not a whole second", "K 线时间不是整秒"},
		Text{
			"Give the start of the bar. A time that ends in .999 is usually the end of the bar before; an importer can be told so.",
			"请给出 K 线的开始时间。以 .999 结尾的时间多半是上一根 K 线的结束时间；导入时可以说明。",
		},
	},
	{
		MarketDepth, Invalid,
		Text{"a tick's order book does not fit its depth", "tick 的盘口档位与深度不符"},
		Text{
			"Set Depth to the number of levels that the source gave, 0 to 5, and leave the levels beyond it zero: they are not stored.",
			"将 Depth 设为数据源给出的档位数（0 到 5），其余档位留 0：它们不会被存储。",
		},
	},
	{
		MarketForm, Invalid,
		Text{"a JSON value of market data has the wrong form", "行情 JSON 的格式不正确"},
		Text{
			"Times, symbols and intervals are strings, prices and volumes are numbers. Epoch numbers are not read as times, since their unit cannot be seen.",
			"时间、代码和周期是字符串，价格和成交量是数字。不把数字当作时间读取，因为看不出它的单位。",
		},
	},
	{
		MarketExchange, NotFound,
		Text{"the time zone of an exchange is not known", "不知道该交易所的时区"},
		Text{
			"Say the zone yourself, as the message tells. RedFire knows the zones of vn.py's exchanges that have one.",
			"请按错误信息自行给出时区。RedFire 只知道 vn.py 中有固定时区的交易所。",
		},
	},
	{
		MarketText, Invalid,
		Text{"a text is not UTF-8", "文本不是 UTF-8"},
		Text{
			"Convert the source to UTF-8 (Chinese files are often GBK).",
			"请把数据源转换为 UTF-8（中文文件常为 GBK 编码）。",
		},
	},
	{
		MarketHours, Invalid,
		Text{"trading hours cannot be read", "无法解析交易时段"},
		Text{
			"Write sessions by the exchange's clock, 09:00-10:15 10:30-11:30; past midnight the hours go on, 21:00-26:30. \"night\" stands before those of the evening before the trading day, and the days that have them stand first: 2016-05-03.. night 21:00-23:00 day 09:00-10:15. Days of the week are written mon-fri.",
			"按交易所的时钟写交易时段：09:00-10:15 10:30-11:30；过了午夜小时数继续累加：21:00-26:30。交易日前一晚的时段前写 night，适用的日期写在最前面：2016-05-03.. night 21:00-23:00 day 09:00-10:15。星期写作 mon-fri。",
		},
	},
	{
		MarketCalendar, Invalid,
		Text{"a trading calendar contradicts itself, or says too little", "交易日历自相矛盾或内容不全"},
		Text{
			"The message names the calendar and the day. A calendar needs a zone, days of the week, the days for which it is known and sessions, its own or those of the calendar it is like. \"redfire calendar check\" tries it.",
			"错误信息指明了日历和日期。日历需要时区、星期、已知的日期范围和交易时段，可自行给出，也可沿用 like 所指的日历。用 \"redfire calendar check\" 检验。",
		},
	},
	{
		MarketBeyond, NotFound,
		Text{"a time lies outside of what a trading calendar knows", "时间超出交易日历已知的范围"},
		Text{
			"Ask for a range within it, or say more of the calendar in the configuration: calendars.NAME.known, with the holidays of the new days in calendars.NAME.closed.",
			"请查询该范围之内的时间，或在配置中补充日历：用 calendars.NAME.known 延长范围，并在 calendars.NAME.closed 中写明新增日期里的休市日。",
		},
	},
	{
		MarketUnlisted, NotFound,
		Text{"a symbol has no trading calendar that is known", "不知道该合约的交易日历"},
		Text{
			"Name one with --calendar, or say in the configuration which symbols have it: calendars.NAME.symbols. \"redfire calendar show\" lists those there are. It is never guessed.",
			"请用 --calendar 指明，或在配置的 calendars.NAME.symbols 中写明哪些合约使用它。\"redfire calendar show\" 列出已有的日历。程序不会猜测。",
		},
	},
	{
		MarketClosed, NotFound,
		Text{"a tick lies in no trading session", "tick 不在任何交易时段内"},
		Text{
			"It goes into no bar. Check the calendar of the symbol and the zone of the ticks; what is recorded before the opening auction or after the close is no trade of the session.",
			"它不进入任何 K 线。请检查该合约的日历和 tick 的时区；集合竞价之前或收盘之后记录的数据不是该时段的成交。",
		},
	},
	{
		MarketLate, Conflict,
		Text{"a tick came too late for its bar", "tick 到得太晚，未能计入 K 线"},
		Text{
			"Its bar was closed before it came, or a later tick had come already. Bars stay as they are. Keep the tick, and make the bar anew from the stored ticks (redfire ticks bars); a longer wait after the end of a bar lets more of them in.",
			"它到达之前其 K 线已收线，或时间更晚的 tick 已先到。K 线保持不变。请保存该 tick，再由已存储的 tick 重新合成（redfire ticks bars）；适当延长收线等待时间可减少此类情况。",
		},
	},
	{
		MarketAhead, Invalid,
		Text{"a tick is ahead of the clock", "tick 的时间超前于时钟"},
		Text{
			"It goes into no bar, since it would close the one that is forming. Check the clock of the machine, the zone of the feed, and whether the feed puts the trading day where the calendar date belongs (vn.py's gateways did so for night sessions).",
			"它不进入任何 K 线，否则会提前收掉正在合成的 K 线。请检查本机时钟和行情的时区，以及行情是否把交易日写成了自然日（vn.py 的接口在夜盘曾如此）。",
		},
	},
}
