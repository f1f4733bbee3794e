package main

import "fmt"

// A message is something the program says, in each of its languages. Literals
// name no fields, so one without its Chinese does not compile.
type message struct{ en, zh string }

// say returns m in the language of the program, formatted with args.
func (p *program) say(m message, args ...any) string {
	text := m.en
	if p.lang == "zh" {
		text = m.zh
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// The catalogue holds everything that the program itself says. Errors are said
// by the catalogue of package fault.
var (
	rootShort = message{"Market data, databases, cache and logs of a trading system", "量化交易系统的数据后端：行情、数据库、缓存与日志"}
	rootLong  = message{
		"redfire is the data back end of a quant-trading system: bars and ticks, SQL, cache and logs.\nIt works alone, with everything embedded, or with the servers that its configuration names.",
		"redfire 是量化交易系统的数据后端：K 线与 tick、SQL、缓存和日志。\n不需要任何服务器即可独立运行（全部内置），也可以连接配置中给出的服务器。",
	}

	flagHelp   = message{"show this help", "显示帮助"}
	flagConfig = message{"configuration `file` (default: $REDFIRE_CONFIG, else redfire.yaml if it exists)", "配置`文件`（默认：$REDFIRE_CONFIG，否则为 redfire.yaml（若存在））"}
	flagOutput = message{"form of the result (default: table)", "结果的格式（默认：table）"}
	flagLang   = message{"language of messages (default: from the environment)", "消息的语言（默认取自环境变量）"}
	flagJSON   = message{"the same as -o json", "等同于 -o json"}
	flagStack  = message{"for MySQL, Redis, InfluxDB and MongoDB on this machine", "用于本机上的 MySQL、Redis、InfluxDB 和 MongoDB"}

	versionShort = message{"Show the version", "显示版本"}
	versionText  = message{"redfire %s (commit %s, %s, %s/%s)", "redfire %s（提交 %s，%s，%s/%s）"}
	colVersion   = message{"VERSION", "版本"}
	colCommit    = message{"COMMIT", "提交"}
	colModified  = message{"MODIFIED", "有改动"}
	colGo        = message{"GO", "GO"}
	colOS        = message{"OS", "系统"}
	colArch      = message{"ARCH", "架构"}

	explainShort = message{"Tell what an error code means and what to do", "解释错误代码的含义和处理办法"}
	explainLong  = message{
		"Tells what an error code means and what to do about it. Without a code it lists them all.",
		"解释错误代码的含义和处理办法。不给出代码时列出全部。",
	}
	explainText = message{"%s: %s\n\nkind: %s (HTTP %d, exit code %d)\ncure: %s", "%s：%s\n\n种类：%s（HTTP %d，退出码 %d）\n处理：%s"}
	colCode     = message{"CODE", "代码"}
	colKind     = message{"KIND", "种类"}
	colSummary  = message{"SUMMARY", "说明"}

	completionShort = message{"Write a completion script for a shell", "输出 shell 补全脚本"}
	completionLong  = message{
		"Writes a script that lets a shell complete commands, flags, keys and codes.\n\n  bash:  source <(redfire completion bash)\n  zsh:   redfire completion zsh > \"${fpath[1]}/_redfire\"\n  fish:  redfire completion fish > ~/.config/fish/completions/redfire.fish",
		"输出一个脚本，让 shell 能补全命令、选项、配置键和错误代码。\n\n  bash:  source <(redfire completion bash)\n  zsh:   redfire completion zsh > \"${fpath[1]}/_redfire\"\n  fish:  redfire completion fish > ~/.config/fish/completions/redfire.fish",
	}

	configShort = message{"Make, check and explain the configuration", "生成、检查和解释配置"}

	initShort = message{"Write a commented configuration file", "写出带注释的配置文件"}
	initLong  = message{
		"Writes a configuration file in which every key stands with its description and default: redfire.yaml, or the file that --config or REDFIRE_CONFIG names. An existing file is never overwritten.",
		"写出一个配置文件，列出每一个键及其说明和默认值：redfire.yaml，或由 --config 或 REDFIRE_CONFIG 指定的文件。从不覆盖已有的文件。",
	}
	initDone = message{"wrote %s", "已写出 %s"}

	checkShort = message{"Check the configuration and report everything that is wrong", "检查配置并报告全部错误"}
	checkLong  = message{
		"Checks the configuration file together with the environment, and the files of secrets that they name. It reports everything that is wrong at once, and connects to nothing.",
		"检查配置文件、环境变量以及其中指定的密码文件。一次报告全部错误；不连接任何服务器。",
	}
	checkOK     = message{"OK: %s", "OK，配置无误：%s"}
	checkNoFile = message{"OK: there is no configuration file; everything is embedded, but for what the environment says", "OK：没有配置文件；除环境变量另有设置外，全部使用内置引擎"}

	configExplainShort = message{"Tell the value of a key, where it comes from and what it overrode", "说明某个键的值、来源以及它覆盖了什么"}
	configExplainLong  = message{
		"Tells the value of a key, where it comes from, what it overrode and what it means. Of a section it lists every key, and without an argument all of them. Secrets are not shown.",
		"说明某个键的值、来源、它覆盖了什么以及含义。给出配置段则列出其中每个键；不带参数则列出全部。密码从不显示。",
	}
	colKey        = message{"KEY", "键"}
	colValue      = message{"VALUE", "值"}
	colOrigin     = message{"FROM", "来源"}
	labelFrom     = message{"from:      ", "来源："}
	labelOverrode = message{"overrides: ", "覆盖："}
	labelType     = message{"type:      ", "类型："}
	labelVariable = message{"variable:  ", "环境变量："}
	originDefault = message{"default", "默认值"}
	valueNone     = message{"(none)", "（无）"}
	notUsedYet    = message{"Nothing reads this key yet.", "目前还没有功能使用这个键。"}

	schemaShort = message{"Write the JSON Schema of the configuration file", "输出配置文件的 JSON Schema"}
	schemaLong  = message{
		"Writes the JSON Schema of the configuration file, for editors that complete and check YAML by one.",
		"输出配置文件的 JSON Schema，供编辑器补全和检查 YAML。",
	}

	errorLabel  = message{"error: ", "错误："}
	errorCount  = message{"%d errors", "共 %d 个错误"}
	cureLine    = message{"cure for %s: %s", "处理 %s：%s"}
	interrupted = message{"interrupted", "已中断"}

	usageHead     = message{"Usage:", "用法："}
	usageExamples = message{"Examples:", "示例："}
	usageCommands = message{"Commands:", "命令："}
	usageFlags    = message{"Flags:", "选项："}
	usageGlobal   = message{"Flags of all commands:", "所有命令的选项："}
	usageMore     = message{"\"%s COMMAND --help\" tells more about a command.", "用 \"%s COMMAND --help\" 查看某个命令的更多说明。"}
)

// usageTemplate is cobra's, in the language of the program.
func (p *program) usageTemplate() string {
	return p.say(usageHead) + `{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND [flags]{{else}}
  {{.UseLine}}{{end}}{{if .HasExample}}

` + p.say(usageExamples) + `
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

` + p.say(usageCommands) + `{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

` + p.say(usageFlags) + `
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

` + p.say(usageGlobal) + `
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

` + p.say(usageMore, "{{.CommandPath}}") + `{{end}}
`
}
