package main

// What the commands about SQL databases say.
var (
	sqlShort = message{"SQL databases: pools, ping, query, slow statements, backup", "SQL 数据库：连接池、连通检查、查询、慢语句、备份"}
	sqlLong  = message{
		"Works with the SQL databases of the configuration, its sources: main, and those that it names. Without an address a source is an SQLite file in the data folder.",
		"操作配置中的 SQL 数据库（数据源）：main 以及配置中列出的其他数据源。没有地址的数据源是数据目录中的 SQLite 文件。",
	}
	sqlPoolsShort = message{"List the sources and their pools of connections", "列出数据源及其连接池"}
	sqlPoolsLong  = message{
		"Lists the sources and their pools of connections. With --server they are those of a server that runs, as they are at present; without it the sources of the configuration are opened and tried once.",
		"列出数据源及其连接池。用 --server 查看正在运行的服务器的当前状况；否则打开配置中的数据源并各尝试一次。",
	}
	sqlPingShort = message{"Ask databases whether they are there", "检查数据库是否可用"}
	sqlPingLong  = message{
		"Asks the databases of sources whether they are there: all of them, or those that are named. It tells how long that took, the version, whether they take writes, whether the connection is encrypted, and how many connections the server lets in; it warns if the sources may take more than four fifths of those. With --check the whole of an SQLite file is read and checked. The exit code is that of the worst error.",
		"检查各数据源的数据库是否可用：全部，或指定的几个。显示耗时、版本、是否接受写入、连接是否加密、服务器允许的连接数；各数据源合计可能占用其中五分之四以上时给出警告。加 --check 会完整读取并校验 SQLite 文件。退出码取自最严重的错误。",
	}
	sqlQueryShort = message{"Run a statement and show what comes back", "执行一条语句并显示结果"}
	sqlQueryLong  = message{
		"Runs one statement and shows what comes back; - reads it from the standard input. It only reads, in a transaction that the database keeps from writing, unless --write is given. Functions of your own that act outside of the database are not known to it.\n\nARG stands for a placeholder: ? with MySQL and SQLite, $1 with PostgreSQL. Times are shown in UTC, decimals with all their digits (in JSON as texts), bytes that are no text as hexadecimal digits, and what has no value as NULL (in JSON null, in CSV nothing).",
		"执行一条语句并显示结果；- 表示从标准输入读取语句。默认只读：在数据库禁止写入的事务中执行；如需写入请加 --write。对于你自己编写的、作用于数据库之外的函数，它无从知晓。\n\nARG 对应占位符：MySQL 和 SQLite 用 ?，PostgreSQL 用 $1。时间以 UTC 显示，小数保留全部位数（JSON 中为字符串），非文本的字节以十六进制显示，没有值显示为 NULL（JSON 中为 null，CSV 中为空）。",
	}
	sqlSlowShort = message{"List the statements that take longest", "列出最耗时的语句"}
	sqlSlowLong  = message{
		"Lists the statements of a server that runs, those first that took longest in all since it began. Statements that differ by their values alone are one.",
		"列出正在运行的服务器的语句，自其启动以来总耗时最长的排在最前。只有值不同的语句算作同一条。",
	}
	sqlBackupShort = message{"Copy an SQLite database while it is in use", "在使用中复制 SQLite 数据库"}
	sqlBackupLong  = message{
		"Copies the SQLite file of a source to FILE, which must not exist yet, as it is at one moment, while programs go on working with it. Servers have tools of their own: mysqldump, pg_dump.",
		"把数据源的 SQLite 文件在某一时刻的内容复制到 FILE（不能已存在），期间程序可继续使用该库。服务器请用它们自带的工具：mysqldump、pg_dump。",
	}

	flagSource     = message{"the source (default: main)", "数据源（默认：main）"}
	flagWrite      = message{"let the statement change the database", "允许语句改动数据库"}
	flagSQLLimit   = message{"how many rows are shown at most", "最多显示多少行"}
	flagSQLTimeout = message{"how long the statement may take", "语句最长可以执行多久"}
	flagSlowLimit  = message{"how many statements are listed at most", "最多列出多少条语句"}
	flagCheck      = message{"read the whole of an SQLite file and check it", "完整读取并校验 SQLite 文件"}

	sqlWritable   = message{"takes writes", "可写"}
	sqlReadOnly   = message{"read-only: %s", "只读：%s"}
	sqlPlain      = message{"no", "否"}
	sqlTooMuch    = message{"the sources may open more than four fifths of the connections that their server lets in: %s; lower max_open, or raise max_connections", "数据源可能打开的连接超过服务器允许数的五分之四：%s；请降低 max_open 或提高 max_connections"}
	sqlNoCheck    = message{"%s is on a server, which checks its files itself", "%s 位于服务器上，由服务器自行校验其文件"}
	sqlChecked    = message{"%s: the whole of the file is sound", "%s：文件完好无损"}
	sqlChanged    = message{"%d rows changed", "改动了 %d 行"}
	sqlMoreRows   = message{"There are more rows; the first %d are shown (--limit).", "还有更多行；仅显示前 %d 行（--limit）。"}
	sqlForgotten  = message{"(others, which were forgotten)", "（其他已被遗忘的语句）"}
	sqlBackupLine = message{"%s: %d of %d bytes copied", "%s：已复制 %d / %d 字节"}
	sqlBackedUp   = message{"backed up %s, %d bytes, to %s", "已把 %s（%d 字节）备份到 %s"}

	colSource         = message{"SOURCE", "数据源"}
	colEngine         = message{"ENGINE", "引擎"}
	colServer         = message{"SERVER", "服务器"}
	colState          = message{"STATE", "状态"}
	colIdle           = message{"IDLE", "空闲"}
	colInUse          = message{"IN USE", "使用中"}
	colMax            = message{"MAX", "上限"}
	colWaiting        = message{"WAITING", "等待"}
	colOpened         = message{"OPENED", "已建立"}
	colTimeouts       = message{"TIMEOUTS", "等待超时"}
	colDownSince      = message{"DOWN SINCE", "不可用起始"}
	colWhy            = message{"WHY", "原因"}
	colTook           = message{"MS", "毫秒"}
	colSQLRole        = message{"WRITES", "写入"}
	colTLS            = message{"TLS", "加密"}
	colMaxConnections = message{"SERVER'S MAX", "服务器上限"}
	colCalls          = message{"CALLS", "次数"}
	colFailed         = message{"FAILED", "失败"}
	colTotal          = message{"TOTAL S", "总秒数"}
	colMean           = message{"MEAN S", "平均秒数"}
	colLongest        = message{"LONGEST S", "最长秒数"}
	colStatement      = message{"STATEMENT", "语句"}
	colRowsAffected   = message{"ROWS", "行数"}
)
