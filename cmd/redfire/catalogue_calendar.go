package main

// What the commands about trading calendars say.
var (
	calendarShort = message{"Trading calendars: show them, check your own", "交易日历：查看、检查自定义日历"}
	calendarLong  = message{
		"Trading calendars know the trading days of an exchange and the sessions of each: by them ticks become bars, and gaps are told from closed markets.\n\nRedFire has calendars of its own. The configuration changes them, and adds others, below the key calendars.",
		"交易日历记录交易所的交易日以及每天的交易时段：tick 合成 K 线、区分缺口与休市都以它为准。\n\nRedFire 自带多个日历；可在配置的 calendars 下修改它们，或添加新的日历。",
	}

	calendarShowShort = message{"Show calendars, or one with its hours, holidays and state at a time", "列出日历，或查看某个日历的时段、假日和某一时刻的状态"}
	calendarShowLong  = message{
		"Without an argument it lists all calendars with the sessions of today, or of the last day that is known. With the name of a calendar, or a symbol, it shows that one: its hours by period, whether there is trading at a time, the sessions of the trading day to which that belongs, the next holidays and the next days with other sessions than usual.\n\nTimes are those of the exchange's clock, unless --tz names another zone.",
		"不带参数时列出全部日历及其今天（或已知的最后一天）的交易时段。给出日历名称或合约代码时，显示该日历：各时期的交易时段、某一时刻是否在交易、该时刻所属交易日的全部时段、接下来的假日以及时段与平时不同的日子。\n\n时间以交易所时钟为准，除非用 --tz 指定其他时区。",
	}
	flagAt           = message{"the time to show it for: '2026-01-05 21:30', 2026-01-05T21:30:00+08:00 (default: now)", "显示哪一时刻：'2026-01-05 21:30'、2026-01-05T21:30:00+08:00（默认：现在）"}
	flagCalendarZone = message{"time zone of times, in what you write and what you see: Asia/Shanghai, +08:00 (default: that of the calendar)", "输入和显示时间所用的时区：Asia/Shanghai、+08:00（默认：日历的时区）"}

	colName     = message{"NAME", "名称"}
	colOwners   = message{"SYMBOLS", "合约"}
	colKnown    = message{"KNOWN", "已知范围"}
	colSessions = message{"SESSIONS", "交易时段"}

	viewOf         = message{"%s has the calendar %s", "%s 的日历是 %s"}
	viewConfigured = message{" (of the configuration)", "（由配置修改或添加）"}
	labelLike      = message{"like:         ", "沿用：　　　"}
	labelOwners    = message{"symbols:      ", "合约：　　　"}
	labelZone      = message{"zone:         ", "时区：　　　"}
	labelKnown     = message{"known:        ", "已知范围：　"}
	labelWeekdays  = message{"weekdays:     ", "星期：　　　"}
	labelAuction   = message{"auction:      ", "集合竞价：　"}
	labelClosing   = message{"closing:      ", "收盘延迟：　"}
	calendarEnds   = message{"The calendar is known up to %s. Once the exchange has told the next days, say them in the configuration (calendars.%s.known and closed), or update RedFire.", "日历只到 %s。交易所公布之后的安排后，请写入配置（calendars.%s.known 和 closed），或更新 RedFire。"}
	fewPeriods     = message{"%d others of a few days each; -o json lists all", "另有 %d 段只持续数日；-o json 列出全部"}
	labelHours     = message{"hours:        ", "交易时段：　"}
	labelAt        = message{"at:           ", "时刻：　　　"}
	labelDay       = message{"trading day:  ", "交易日：　　"}
	labelSession   = message{"session:      ", "当前时段：　"}
	labelNext      = message{"next session: ", "下一时段：　"}
	labelSessions  = message{"sessions:     ", "全部时段：　"}
	labelHolidays  = message{"holidays:     ", "后续休市日："}
	labelOdd       = message{"other hours:  ", "特殊交易日："}
	sessionNight   = message{", night", "，夜盘"}

	standsClosed     = message{"closed", "休市"}
	standsOpen       = message{"open", "交易中"}
	standsAuction    = message{"opening auction", "集合竞价"}
	standsJustClosed = message{"just closed", "刚刚收盘"}

	calendarCheckShort = message{"Tell what the calendars of a configuration change", "说明配置中的日历会改变什么"}
	calendarCheckLong  = message{
		"Checks a configuration, FILE or the one in use, as \"redfire config check\" does. Then it tells of each calendar in it whether it is new or changes one of RedFire's own and, if so, the days whose sessions become others, and which other calendars change with it. With -o json the list of days is whole.",
		"检查配置（FILE 或正在使用的配置），与 \"redfire config check\" 相同；然后说明其中每个日历是新增的，还是修改了 RedFire 自带的日历；若是修改，则列出时段有变化的日子以及随之改变的其他日历。-o json 给出完整的日期列表。",
	}
	calendarCheckNone = message{"OK: %s; there is no calendar in it", "OK，配置无误：%s；其中没有日历"}
	checkNew          = message{"%s: new", "%s：新增"}
	checkChanged      = message{"%s: changes RedFire's own", "%s：修改自带的日历"}
	checkNoSymbols    = message{"none: a command has to name this calendar", "无：需由命令指明使用本日历"}
	checkSameDays     = message{"the sessions of all days stay as they are", "所有日子的时段都不变"}
	checkMore         = message{"and %d more; -o json lists all", "另有 %d 条；-o json 列出全部"}
	labelDays         = message{"days:         ", "变化日期：　"}
	labelFollowers    = message{"changes too:  ", "同时影响：　"}
	stateUnknown      = message{"not known", "未知"}
	stateKnown        = message{"known", "已知"}
	stateNone         = message{"no trading", "休市"}
	stateCount        = message{" (%d trading days)", "（%d 个交易日）"}
)
