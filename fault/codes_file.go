package fault

// Codes of files that bars and ticks come from and go to.
const (
	FileMissing    Code = "RF-FIL-001"
	FileDenied     Code = "RF-FIL-002"
	FileUnreadable Code = "RF-FIL-003"
	FileForm       Code = "RF-FIL-004"
	FileEmpty      Code = "RF-FIL-005"
	FileDamaged    Code = "RF-FIL-006"
	FileOption     Code = "RF-FIL-007"
	FileColumns    Code = "RF-FIL-008"
	FileNeeds      Code = "RF-FIL-009"
	FileCalendar   Code = "RF-FIL-010"
	FileRow        Code = "RF-FIL-011"
	FileCell       Code = "RF-FIL-012"
	FileSuspect    Code = "RF-FIL-013"
	FileTwice      Code = "RF-FIL-014"
	FileConflict   Code = "RF-FIL-015"
	FileRejects    Code = "RF-FIL-016"
	FileDisorder   Code = "RF-FIL-017"
	FileSpace      Code = "RF-FIL-018"
	FileUnwritable Code = "RF-FIL-019"
	FileExists     Code = "RF-FIL-020"
	FileRefused    Code = "RF-FIL-021"
	FileTooLarge   Code = "RF-FIL-022"
)

var fileEntries = []Entry{
	{
		FileMissing, NotFound,
		Text{"there is no such file", "没有这个文件"},
		Text{
			"Check the path. A pattern with * is put in quotation marks where the shell is not to expand it; of a folder the files below it are read that end in .csv, .txt, .tsv, .ndjson, .jsonl, .parquet, .arrow or .feather, packed or not.",
			"请检查路径。带 * 的模式若不想被 shell 展开，请加引号；给出文件夹时，读取其下以 .csv、.txt、.tsv、.ndjson、.jsonl、.parquet、.arrow 或 .feather 结尾的文件（可带 .gz 或 .zst）。",
		},
	},
	{
		FileDenied, Denied,
		Text{"a file may not be read", "无权读取文件"},
		Text{
			"Give the user who runs the command the right to read it.",
			"请授予运行命令的用户读取权限。",
		},
	},
	{
		FileUnreadable, Unavailable,
		Text{"a file cannot be read", "无法读取文件"},
		Text{
			"Look at what the operating system says. What was read before is kept; the same command goes on.",
			"请查看操作系统给出的原因。此前读到的已经保存；重复同一命令即可继续。",
		},
	},
	{
		FileForm, Invalid,
		Text{"a file is not of a form that is read", "文件格式无法读取"},
		Text{
			"Files are CSV (also .gz, .zst and .zip of one file; commas, semicolons, tabs; UTF-8, UTF-16 or GBK), NDJSON, a JSON array of objects, Parquet or Arrow (Feather 2, or a stream). Save the data in one of them.",
			"支持 CSV（可为 .gz、.zst，或只含一个文件的 .zip；逗号、分号或制表符分隔；UTF-8、UTF-16 或 GBK）、NDJSON、由对象组成的 JSON 数组、Parquet 和 Arrow（Feather 2 或流）。请把数据另存为其中一种。",
		},
	},
	{
		FileEmpty, Invalid,
		Text{"a file holds nothing", "文件中没有内容"},
		Text{
			"Check that it was downloaded or exported to its end.",
			"请检查下载或导出是否完整。",
		},
	},
	{
		FileDamaged, Corrupt,
		Text{"a file is damaged or cut off", "文件损坏或不完整"},
		Text{
			"Fetch or pack it again, then repeat the command. Rows before the damage are kept; a row that is not whole never is.",
			"请重新下载或压缩后重复该命令。损坏处之前的行已保存；不完整的行绝不会保存。",
		},
	},
	{
		FileOption, Invalid,
		Text{"an option of an import or export is wrong", "导入或导出的选项有误"},
		Text{
			"Mend what the message names; --help lists what each option takes.",
			"请修正错误信息所指的选项；--help 列出了每个选项的取值。",
		},
	},
	{
		FileColumns, Invalid,
		Text{"a column is missing, or cannot be told from another", "缺少某一列，或无法区分两列"},
		Text{
			"Say which column holds the field: --map open=OpeningPx. A file without a header needs --columns time,open,high,low,close,volume.",
			"请指明字段所在的列：--map open=OpeningPx。没有表头的文件需要 --columns time,open,high,low,close,volume。",
		},
	},
	{
		FileNeeds, Invalid,
		Text{"a file does not say something that must be known", "文件没有说明必须知道的信息"},
		Text{
			"Give the option that the message names. RedFire guesses none of this, since a wrong guess would move every row.",
			"请给出错误信息所指的选项。RedFire 不会猜测，因为猜错会让每一行都错位。",
		},
	},
	{
		FileCalendar, Invalid,
		Text{"no bar ends at the time that a row says", "没有 K 线在该行所写的时间结束"},
		Text{
			"By the calendar of the symbol, bars of this length end at other times: they count trading time over breaks, and end with the session. If the file counts by the clock, say --calendar none; if the times are those of another zone, say it with --tz. \"redfire calendar show\" tells the sessions.",
			"按该合约的交易日历，这种周期的 K 线在其他时间结束：周期按交易时间累计、跨过休息时段，并随交易时段收盘。若文件按时钟划分，请加 --calendar none；若时间属于其他时区，请用 --tz 说明。\"redfire calendar show\" 显示交易时段。",
		},
	},
	{
		FileRow, Invalid,
		Text{"a line of a file is not a row", "文件中的某一行不是数据行"},
		Text{
			"Look at the line: it may be cut off, a remark, or have a separator within a value. It stands in the file of rejects; mend it there and import that file.",
			"请查看该行：可能不完整、是备注，或值中含有分隔符。它已写入拒绝文件；在那里改好后导入该文件即可。",
		},
	},
	{
		FileCell, Invalid,
		Text{"a value is not a number", "某个值不是数字"},
		Text{
			"Mend the value in the file of rejects and import that file. Numbers have a point before their decimals, and nothing between their thousands.",
			"请在拒绝文件中改正该值后导入该文件。小数点用英文句点，不写千位分隔符。",
		},
	},
	{
		FileSuspect, Invalid,
		Text{"a row contradicts itself", "数据行自相矛盾"},
		Text{
			"Check the row against another source. If it is right (an untraded contract, oil below zero) import with --accept-suspect.",
			"请与其他数据源核对。若数据确实如此（未成交的合约、负油价），导入时加 --accept-suspect。",
		},
	},
	{
		FileTwice, Invalid,
		Text{"a file has two different rows for one place", "文件中同一位置有两行不同的数据"},
		Text{
			"The first row was kept. Decide which is right; --replace keeps the last one.",
			"已保留第一行。请确认哪一行正确；--replace 则保留最后一行。",
		},
	},
	{
		FileConflict, Conflict,
		Text{"a tick differs from the one that is stored in its place", "tick 与同一位置已存储的不同"},
		Text{
			"Ticks of an instant are numbered in the order of the files. Import all files of the instant in one command; --replace overwrites what is stored.",
			"同一时刻的 tick 按文件中的顺序编号。请用一条命令导入该时刻的全部文件；--replace 会覆盖已存储的。",
		},
	},
	{
		FileRejects, Unavailable,
		Text{"refused rows cannot be written aside", "无法写出被拒绝的行"},
		Text{
			"Name a folder for them that can be written: --rejects DIR. No row was kept after the one that was refused.",
			"请用 --rejects DIR 指定一个可写的文件夹。被拒绝的行之后没有保存任何行。",
		},
	},
	{
		FileDisorder, Unsupported,
		Text{"ticks are not in the order of time", "tick 没有按时间排序"},
		Text{
			"Give Options.Scratch, where they can be sorted.",
			"请提供 Options.Scratch，以便排序。",
		},
	},
	{
		FileSpace, Exhausted,
		Text{"there is no room for sorting", "没有足够的空间用于排序"},
		Text{
			"Make room on the disk of the data folder, or sort the files by time first. Nothing was lost; the same command goes on.",
			"请在数据目录所在磁盘上腾出空间，或先把文件按时间排好。没有丢失任何数据；重复同一命令即可继续。",
		},
	},
	{
		FileUnwritable, Unavailable,
		Text{"a file cannot be written", "无法写出文件"},
		Text{
			"Look at what the operating system says. No file that is not whole was left under the name that was asked for.",
			"请查看操作系统给出的原因。没有留下不完整的文件。",
		},
	},
	{
		FileExists, Conflict,
		Text{"a file exists already", "文件已存在"},
		Text{
			"Choose another name, or give --force to replace it.",
			"请换一个文件名，或用 --force 覆盖。",
		},
	},
	{
		FileRefused, Invalid,
		Text{"rows were refused, so none was kept", "有行被拒绝，因此没有保存任何行"},
		Text{
			"Mend the rows that were refused, or leave them out, and send all of them again.",
			"请改正或去掉被拒绝的行，再全部重新发送。",
		},
	},
	{
		FileTooLarge, Invalid,
		Text{"there are more rows than can be kept as a whole", "行数超过整体保存的上限"},
		Text{
			"Import the rows in parts.",
			"请分成几部分导入。",
		},
	},
}
