package fault

// Codes of the SQL databases.
const (
	SQLNoPool        Code = "RF-SQL-001"
	SQLSource        Code = "RF-SQL-002"
	SQLExhausted     Code = "RF-SQL-003"
	SQLUnreachable   Code = "RF-SQL-004"
	SQLDenied        Code = "RF-SQL-005"
	SQLNoDatabase    Code = "RF-SQL-006"
	SQLServerFull    Code = "RF-SQL-007"
	SQLReadOnly      Code = "RF-SQL-008"
	SQLUnique        Code = "RF-SQL-009"
	SQLForeignKey    Code = "RF-SQL-010"
	SQLDeadlock      Code = "RF-SQL-011"
	SQLSerialization Code = "RF-SQL-012"
	SQLSyntax        Code = "RF-SQL-013"
	SQLConstraint    Code = "RF-SQL-014"
	SQLNoObject      Code = "RF-SQL-015"
	SQLLost          Code = "RF-SQL-016"
	SQLTimeout       Code = "RF-SQL-017"
	SQLLocked        Code = "RF-SQL-018"
	SQLDiskFull      Code = "RF-SQL-019"
	SQLDamaged       Code = "RF-SQL-020"
	SQLClosed        Code = "RF-SQL-021"
	SQLUncertain     Code = "RF-SQL-022"
	SQLNotSupported  Code = "RF-SQL-023"
	SQLExists        Code = "RF-SQL-024"
	SQLWrites        Code = "RF-SQL-025"
	SQLBackup        Code = "RF-SQL-026"
	SQLHeld          Code = "RF-SQL-027"
)

var sqlEntries = []Entry{
	{
		SQLNoPool, NotFound,
		Text{"there is no SQL source of this name", "没有该名称的 SQL 数据源"},
		Text{
			"The message lists the names that there are. Add the source to the configuration, below sql, or correct the name.",
			"错误信息列出了已有的名称。请在配置的 sql 之下添加该数据源，或改正名称。",
		},
	},
	{
		SQLSource, Invalid,
		Text{"the SQL source cannot be used as it is described", "SQL 数据源的设置无法使用"},
		Text{
			"Mend what the message names: a limit, a parameter of the address, a file of certificates.",
			"请修正错误信息所指的内容：上限、地址中的参数，或证书文件。",
		},
	},
	{
		SQLExhausted, Exhausted,
		Text{"no connection became free in time", "等待时间内没有空闲连接"},
		Text{
			"The message names who holds the connections and for how long. Look first whether one of them forgets to close its rows or to end its transaction; else raise max_open, within what the server allows, or do less at once.",
			"错误信息列出了占用连接的调用及时长。请先检查是否有调用忘记关闭结果集或结束事务；若没有，可在服务器允许的范围内提高 max_open，或减少并发。",
		},
	},
	{
		SQLUnreachable, Unavailable,
		Text{"the database cannot be reached", "无法连接到数据库"},
		Text{
			"Look whether the server runs, and whether host and port are right. The pool goes on trying by itself. Nothing was changed.",
			"请检查服务器是否在运行、主机和端口是否正确。连接池会自动继续尝试。没有任何改动。",
		},
	},
	{
		SQLDenied, Denied,
		Text{"the database refuses the user, the password or the action", "数据库拒绝该用户、密码或操作"},
		Text{
			"Correct the user in the address, the file that password_file names, or the rights at the server. The password is read again for each connection, so no restart is needed.",
			"请改正地址中的用户、password_file 所指文件中的密码，或服务器上的权限。每次建立连接都会重新读取密码，无需重启。",
		},
	},
	{
		SQLNoDatabase, NotFound,
		Text{"the database does not exist", "数据库不存在"},
		Text{
			"Create it at the server (CREATE DATABASE vnpy CHARACTER SET utf8mb4), or correct the name at the end of the address.",
			"请在服务器上建立该数据库（CREATE DATABASE vnpy CHARACTER SET utf8mb4），或改正地址末尾的名称。",
		},
	},
	{
		SQLServerFull, Unavailable,
		Text{"the server accepts no more connections", "服务器不再接受新的连接"},
		Text{
			"Lower max_open of all programs that use the server until they stay together below 80 % of its max_connections, or raise that.",
			"请降低所有使用该服务器的程序的 max_open，使其总和低于服务器 max_connections 的 80 %，或提高 max_connections。",
		},
	},
	{
		SQLReadOnly, Unavailable,
		Text{"the server takes no writes", "服务器不接受写入"},
		Text{
			"It is a replica, or was a primary until a failover. Point the address at the primary; a source that is only read has read_only: true. The pool goes on looking by itself.",
			"它是从库，或在故障切换前曾是主库。请把地址指向主库；只用于读取的数据源可设 read_only: true。连接池会自动继续检查。",
		},
	},
	{
		SQLUnique, Conflict,
		Text{"a row with this key exists already", "该键的行已存在"},
		Text{
			"Change the existing row instead, or choose another key.",
			"请改为修改已有的行，或换一个键。",
		},
	},
	{
		SQLForeignKey, Conflict,
		Text{"a row refers to another one that is missing, or is referred to", "行引用了不存在的行，或正被其他行引用"},
		Text{
			"Write the row that is referred to first; delete the rows that refer to it first.",
			"请先写入被引用的行；删除时请先删除引用它的行。",
		},
	},
	{
		SQLDeadlock, Conflict,
		Text{"the transaction and another one waited for each other", "该事务与另一事务相互等待（死锁）"},
		Text{
			"It was rolled back: run it again, from its beginning. Pool.InTx does that. Where it happens often, touch the rows in one order everywhere.",
			"该事务已回滚：请从头重新执行，Pool.InTx 会自动这样做。若经常发生，请在各处按同一顺序访问行。",
		},
	},
	{
		SQLSerialization, Conflict,
		Text{"the transaction could not be in one line with others", "该事务无法与其他事务串行化"},
		Text{
			"It was rolled back: run it again, from its beginning. Pool.InTx does that.",
			"该事务已回滚：请从头重新执行，Pool.InTx 会自动这样做。",
		},
	},
	{
		SQLSyntax, Invalid,
		Text{"the statement is not understood", "无法理解该语句"},
		Text{
			"Correct the statement: the message tells where the database stopped. Placeholders are ? with MySQL and SQLite, $1 with PostgreSQL.",
			"请改正语句：错误信息指出了数据库停下的位置。占位符在 MySQL 和 SQLite 中是 ?，在 PostgreSQL 中是 $1。",
		},
	},
	{
		SQLConstraint, Invalid,
		Text{"a column does not take the value", "列不接受该值"},
		Text{
			"Correct the value: it is null, too long, out of range, or against a check of the table.",
			"请改正该值：它为空、过长、超出范围，或不满足表的检查约束。",
		},
	},
	{
		SQLNoObject, NotFound,
		Text{"there is no such table, column or function", "没有这样的表、列或函数"},
		Text{
			"Correct the name in the statement, or create what is missing.",
			"请改正语句中的名称，或建立缺少的对象。",
		},
	},
	{
		SQLLost, Unknown,
		Text{"the connection was lost after the statement was sent", "语句发出后连接中断"},
		Text{
			"If it writes, it may have been carried out: look before you repeat it, or write by Pool.InTx with a key.",
			"如果它是写入，可能已经执行：重试前请先查询，或用带键的 Pool.InTx 写入。",
		},
	},
	{
		SQLTimeout, Unavailable,
		Text{"the server ended the statement", "服务器终止了该语句"},
		Text{
			"It took too long, waited too long for a lock, or somebody ended it. Nothing of it was kept. \"redfire sql slow\" lists the statements that take longest.",
			"它执行过久、等待锁过久，或被人终止。其改动均未保留。\"redfire sql slow\" 可列出最耗时的语句。",
		},
	},
	{
		SQLLocked, Unavailable,
		Text{"another process holds the database file", "另一个进程正占用数据库文件"},
		Text{
			"Wait until the other program has finished its transaction, or close it. Within one program writers wait in line, and do not meet this.",
			"请等另一个程序结束事务，或将其关闭。同一程序内的写入会自动排队，不会遇到此错误。",
		},
	},
	{
		SQLDiskFull, Exhausted,
		Text{"there is no room for the data", "没有空间存放数据"},
		Text{
			"Make room on the disk of the database. What was acknowledged before is kept; the failed statement left nothing.",
			"请在数据库所在磁盘上腾出空间。此前已确认的数据都在；失败的语句没有留下任何改动。",
		},
	},
	{
		SQLDamaged, Corrupt,
		Text{"the database is damaged", "数据库已损坏"},
		Text{
			"Stop writing, keep a copy of the file with its -wal, and restore a backup. \"redfire sql ping --check\" tells what is damaged.",
			"请停止写入，保留该文件及其 -wal 的副本，然后恢复备份。\"redfire sql ping --check\" 可说明损坏之处。",
		},
	},
	{
		SQLClosed, Closed,
		Text{"the pool is closed", "连接池已关闭"},
		Text{
			"The program is ending, or the source was removed while it was in use.",
			"程序正在结束，或数据源在使用中被移除。",
		},
	},
	{
		SQLUncertain, Unknown,
		Text{"it is not known whether the transaction was committed", "无法得知事务是否已提交"},
		Text{
			"The connection was lost while it was being committed. Look at the rows before you repeat it, or give Pool.InTx a key: then it is repeated by itself, and applied once.",
			"提交过程中连接中断。重试前请先查看相关的行，或给 Pool.InTx 一个键：这样会自动重试，且只生效一次。",
		},
	},
	{
		SQLNotSupported, Unsupported,
		Text{"this database cannot do that", "该数据库不支持此操作"},
		Text{
			"The message names what it cannot do; another kind of database may.",
			"错误信息指出了不支持的内容；其他类型的数据库可能支持。",
		},
	},
	{
		SQLExists, Conflict,
		Text{"there is an SQL source of this name already", "同名的 SQL 数据源已存在"},
		Text{
			"Choose another name, or remove the old one first.",
			"请换一个名称，或先移除旧的。",
		},
	},
	{
		SQLWrites, Invalid,
		Text{"the statement may change the database", "该语句可能改动数据库"},
		Text{
			"\"redfire sql query\" only reads, unless it is given --write.",
			"\"redfire sql query\" 只读取数据；如需写入请加 --write。",
		},
	},
	{
		SQLBackup, Invalid,
		Text{"the backup cannot be made like this", "无法这样备份"},
		Text{
			"Name a file that does not exist yet, in a folder that does. Servers have their own tools: mysqldump, pg_dump.",
			"请指定一个尚不存在的文件，其目录须已存在。服务器请用它们自带的工具：mysqldump、pg_dump。",
		},
	},
	{
		SQLHeld, Exhausted,
		Text{"connections were still in use when their pool was closed", "关闭连接池时仍有连接在使用"},
		Text{
			"The message names who holds them: let them end before the program closes its pools. They are closed when they are given back.",
			"错误信息列出了占用者：请在程序关闭连接池之前让它们结束。这些连接在归还时会被关闭。",
		},
	},
}
