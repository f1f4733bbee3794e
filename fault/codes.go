package fault

// entries is the one table of codes, an area a slice. To add a code, append
// it to its area with the next number; "go generate ./..." brings the docs up
// to date.
var entries = [][]Entry{commandEntries, configEntries, diskEntries, fileEntries, marketEntries, seriesEntries}

// Codes of the command line.
const (
	CommandUsage    Code = "RF-CLI-001"
	CommandNoCode   Code = "RF-CLI-002"
	CommandNoOutput Code = "RF-CLI-003"
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
}
