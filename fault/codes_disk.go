package fault

// Codes of files that RedFire keeps itself.
const (
	DiskDamaged  Code = "RF-DSK-001"
	DiskFull     Code = "RF-DSK-002"
	DiskFailed   Code = "RF-DSK-003"
	DiskUnsure   Code = "RF-DSK-004"
	DiskTooLarge Code = "RF-DSK-005"
	DiskCut      Code = "RF-DSK-006"
	DiskClosed   Code = "RF-DSK-007"
	DiskFormat   Code = "RF-DSK-008"
	DiskHeld     Code = "RF-DSK-009"
	DiskNotEmpty Code = "RF-DSK-010"
)

var diskEntries = []Entry{
	{
		DiskDamaged, Corrupt,
		Text{"a file is damaged", "文件已损坏"},
		Text{
			"Stop, and copy the folder as it is before anything else: nothing was changed. Look after the disk and the memory of the machine, then restore a backup (redfire bars restore), or make a new store of what is sound (redfire bars salvage).",
			"请先停止，并在做任何处理之前原样复制该目录：程序没有改动任何内容。检查机器的磁盘和内存，然后从备份恢复（redfire bars restore），或把完好的内容另存为新的存储（redfire bars salvage）。",
		},
	},
	{
		DiskFull, Exhausted,
		Text{"the disk is full, or nearly", "磁盘已满或即将写满"},
		Text{
			"Make room on the disk that the message names; the same call succeeds then. Nothing of it was stored.",
			"请在错误信息所指的磁盘上腾出空间，之后同样的调用即可成功。本次调用没有写入任何内容。",
		},
	},
	{
		DiskFailed, Unavailable,
		Text{"the operating system refused a file operation", "操作系统拒绝了文件操作"},
		Text{
			"Look at what the message says: permissions, a disk that went read-only or away. Nothing of the operation was done; what was stored before it is there.",
			"请查看错误信息：权限不足、磁盘变为只读或已断开。该操作没有执行；此前存储的内容仍在。",
		},
	},
	{
		DiskUnsure, Unknown,
		Text{"it is not known whether what was written will last", "无法确定写入的内容是否已持久保存"},
		Text{
			"Write the same again; if that fails too, look after the disk: it reports that it cannot keep what it is given.",
			"请原样再写一次；若仍失败，请检查磁盘：它报告无法保存所给的数据。",
		},
	},
	{
		DiskTooLarge, Invalid,
		Text{"a record is too large, or empty", "记录过大或为空"},
		Text{
			"Divide it: a record has 1 byte to 256 MiB, a call at most 512 MiB.",
			"请拆分：单条记录为 1 字节到 256 MiB，单次调用不超过 512 MiB。",
		},
	},
	{
		DiskCut, NotFound,
		Text{"the log does not hold this position", "日志中没有该位置"},
		Text{
			"Begin at a position that the log holds; what is older was let go of.",
			"请从日志仍保留的位置开始；更早的内容已被清除。",
		},
	},
	{
		DiskClosed, Closed,
		Text{"the files are closed", "文件已关闭"},
		Text{
			"The program closed them before or during the call. Wait for their users before closing them.",
			"程序在调用之前或期间关闭了它们。关闭之前请等待使用者结束。",
		},
	},
	{
		DiskFormat, Unsupported,
		Text{"a file is of another format", "文件格式版本不同"},
		Text{
			"Use the version of RedFire that wrote it, or a newer one.",
			"请使用写入该文件的 RedFire 版本或更新的版本。",
		},
	},
	{
		DiskHeld, Unavailable,
		Text{"another process has the folder open", "另一个进程正在使用该目录"},
		Text{
			"Two processes cannot write to one folder. If the one that the message names is \"redfire serve\", talk to it: --server http://127.0.0.1:8600. Otherwise end it first.",
			"两个进程不能同时写同一个目录。如果错误信息所指的是 \"redfire serve\"，请通过它访问：--server http://127.0.0.1:8600；否则请先结束该进程。",
		},
	},
	{
		DiskNotEmpty, Invalid,
		Text{"the folder is not empty", "目录不为空"},
		Text{
			"Name a folder that does not exist yet, or an empty one: nothing is written over.",
			"请指定一个尚不存在的目录或空目录：程序不会覆盖已有内容。",
		},
	},
}
