package fault

// entries is the one table of codes, an area a slice. To add a code, append
// it to its area with the next number; "go generate ./..." brings the docs up
// to date.
var entries = [][]Entry{commandEntries, configEntries, diskEntries, fileEntries, marketEntries, seriesEntries, apiEntries, sqlEntries}

// Codes of the command line.
const (
	CommandUsage    Code = "RF-CLI-001"
	CommandNoCode   Code = "RF-CLI-002"
	CommandNoOutput Code = "RF-CLI-003"
	CommandNoStore  Code = "RF-CLI-004"
	CommandNoSeries Code = "RF-CLI-005"
	CommandNoEngine Code = "RF-CLI-006"
	CommandFolder   Code = "RF-CLI-007"
)

var commandEntries = []Entry{
	{
		CommandUsage, Invalid,
		Text{"the command line is not understood", "无法理解命令行"},
		Text{
			"Run the command with --help: it lists the subcommands, arguments and flags that exist.",
			"在命令后加 --help，查看可用的子命令、参数和选项。",
		},
	},
	{
		CommandNoCode, NotFound,
		Text{"there is no such error code", "没有这个错误代码"},
		Text{
			"Run \"redfire explain\" without a code: it lists them all.",
			"运行不带参数的 \"redfire explain\"，可列出全部错误代码。",
		},
	},
	{
		CommandNoOutput, Unavailable,
		Text{"the result could not be written", "无法写出结果"},
		Text{
			"Look at where the output goes: a full disk, or a program behind the pipe that ended early.",
			"检查输出的去向：磁盘是否已满，或管道后面的程序是否提前退出。",
		},
	},
	{
		CommandNoStore, NotFound,
		Text{"there are no series in the folder", "目录中没有序列存储"},
		Text{
			"Name the data folder with --data, or by the key data of the configuration. If there is none yet, \"redfire bars import\" makes one.",
			"用 --data 或配置中的 data 指定数据目录。如果还没有，运行 \"redfire bars import\" 即可建立。",
		},
	},
	{
		CommandNoSeries, NotFound,
		Text{"there is no such series, or it has no rows there", "没有这个序列，或其中没有所要的数据行"},
		Text{
			"Run \"redfire bars ls\" or \"redfire ticks ls\": it lists what there is, and from when to when.",
			"运行 \"redfire bars ls\" 或 \"redfire ticks ls\"，可列出已有的序列及其起止时间。",
		},
	},
	{
		CommandNoEngine, Unsupported,
		Text{"the engine for this address does not exist yet", "该地址所需的引擎尚不存在"},
		Text{
			"Take the address out of the configuration to keep the data in files of RedFire's own. They are never used in its stead unasked.",
			"请从配置中去掉该地址，数据便保存在 RedFire 自己的文件中。程序不会擅自用它们代替所配置的服务器。",
		},
	},
	{
		CommandFolder, Invalid,
		Text{"the folder cannot be used for this", "该目录不能用于此操作"},
		Text{
			"Name another folder: the message says why this one will not do.",
			"请换一个目录：错误信息说明了该目录为何不行。",
		},
	},
}
