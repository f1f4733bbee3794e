package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
)

// A page is written in one language.
type page struct {
	bytes.Buffer
	lang string
}

// say writes the words in the page's language, formatted with args.
func (p *page) say(en, zh string, args ...any) {
	fmt.Fprintf(p, fault.Text{En: en, Zh: zh}.In(p.lang), args...)
}

const generated = "<!-- Made by \"go generate ./...\"; changes here are lost. -->\n\n"

// errorPage returns the reference of kinds and codes.
func errorPage(lang string) []byte {
	p := &page{lang: lang}
	p.WriteString(generated)
	p.say("# Errors\n\nEvery failure is of one kind. The kind decides the HTTP status and the exit code of the command.\n\n",
		"# 错误\n\n每个失败都属于一个种类。种类决定 HTTP 状态码和命令的退出码。\n\n")
	p.say("| kind | meaning | HTTP | exit |\n|---|---|---|---|\n", "| 种类 | 含义 | HTTP | 退出码 |\n|---|---|---|---|\n")
	for _, r := range fault.Rules() {
		fmt.Fprintf(p, "| `%s` | %s | %s | %d |\n", r.Kind, r.Meaning.In(lang), statuses(r), r.Exit)
	}
	p.say("\nOther exit codes: 0 done; 1 an error without a kind; %d done, but rows were refused; %d stopped by Ctrl-C.\n",
		"\n其他退出码：0 完成；1 没有种类的错误；%d 完成，但有数据行被拒绝；%d 被 Ctrl-C 中断。\n", fault.ExitRefused, fault.ExitInterrupted)
	p.say("\nFailures that can be told apart have a code, which never changes. `redfire explain CODE` shows the same as this page.\n",
		"\n可以区分的失败有各自的代码，代码永不改变。`redfire explain CODE` 显示与本页相同的内容。\n")
	for _, e := range fault.Codes() {
		fmt.Fprintf(p, "\n## %s\n\n", e.Code)
		p.say("**%s** (`%s`)\n\n%s\n", "**%s**（`%s`）\n\n%s\n", capital(e.Summary.In(lang)), e.Kind, e.Cure.In(lang))
	}
	return p.Bytes()
}

func statuses(r fault.Rule) string {
	s := fmt.Sprint(r.Status)
	if len(r.Also) > 0 {
		s += " (" + strings.Trim(strings.ReplaceAll(fmt.Sprint(r.Also), " ", ", "), "[]") + ")"
	}
	return s
}

// capital makes a sentence of a summary.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// configPage returns the reference of the configuration.
func configPage(lang string) []byte {
	p := &page{lang: lang}
	p.WriteString(generated)
	p.say(`# Configuration

One YAML file, overridden by the environment. Every key has a default: an empty file, or none, is valid and fully
embedded. The file is the one that `+"`--config`"+` names, or else the variable `+"`REDFIRE_CONFIG`"+`, or else `+"`redfire.yaml`"+` in the
working directory if it exists. `+"`redfire config init`"+` writes one to start from, `+"`redfire config check`"+` reports
everything that is wrong with it at once, and `+"`redfire config explain KEY`"+` tells where a value comes from.

- **Variables**: `+"`REDFIRE_SQL__MAIN__URL`"+` stands for `+"`sql.main.url`"+`; two underscores divide. A list is written
  `+"`[a, b]`"+`. An empty variable takes a text away.
- **Durations** have units: `+"`250ms`, `90s`, `1h30m`, `7d`, `2w`"+`. **Sizes** have binary units: `+"`512KiB`, `256MiB`, `2GiB`"+`.
- **Secrets** stand in files of their own, which keys like `+"`password_file`"+` name, or in variables. In the configuration
  file they are refused, also as part of an address. They are never printed.
- **Relative paths** count from the folder of the configuration file; those of variables and defaults from the working
  directory.
- **Names** of sources, namespaces and calendars have lower-case letters, digits and single underscores, a letter first.
- Unknown keys are errors. Anchors, aliases, merge keys and tags of YAML are not read.

The keys are in `+"[redfire.schema.json](../redfire.schema.json)"+` too, for editors that check YAML by a JSON Schema.

## Keys
`, `# 配置

一个 YAML 文件，可被环境变量覆盖。每个键都有默认值：空文件或没有文件都是有效的配置，全部使用内置引擎。配置文件由 `+"`--config`"+` 指定；
否则由环境变量 `+"`REDFIRE_CONFIG`"+` 指定；否则读取工作目录中的 `+"`redfire.yaml`"+`（若存在）。`+"`redfire config init`"+` 生成初始文件，
`+"`redfire config check`"+` 一次报告全部错误，`+"`redfire config explain 键`"+` 说明某个值的来源。

- **环境变量**：`+"`REDFIRE_SQL__MAIN__URL`"+` 对应 `+"`sql.main.url`"+`，两个下划线表示分级。列表写作 `+"`[a, b]`"+`。空变量会取消一个文本值。
- **时长**带单位：`+"`250ms`、`90s`、`1h30m`、`7d`、`2w`"+`。**大小**带二进制单位：`+"`512KiB`、`256MiB`、`2GiB`"+`。
- **密码和令牌**放在单独的文件中，由 `+"`password_file`"+` 等键指定，或放在环境变量中。写在配置文件里（包括写在地址里）会被拒绝。它们从不显示。
- **相对路径**以配置文件所在目录为起点；环境变量和默认值中的相对路径以工作目录为起点。
- 数据源、命名空间和日历的**名称**由小写字母、数字和单个下划线组成，以字母开头。
- 未知的键是错误。不支持 YAML 的锚点、别名、合并键和标签。

这些键也写在 `+"[redfire.schema.json](../redfire.schema.json)"+` 中，供支持 JSON Schema 的编辑器使用。

## 键
`)
	for _, k := range config.Keys() {
		p.key(k)
	}
	return p.Bytes()
}

// key writes one key: a heading for a section, a list item for a value.
func (p *page) key(k config.Key) {
	doc := joinLines(k.Doc.In(p.lang), p.lang)
	if k.Type == config.Section || k.Type == config.NamedSection || !strings.Contains(k.Path, ".") {
		fmt.Fprintf(p, "\n### %s\n\n%s", k.Path, doc)
		if k.UnusedAlone {
			p.say(" **Not used yet.**", "**尚未使用。**")
		}
		p.WriteString("\n\n")
		if k.Variable == "" {
			return
		}
		doc = ""
	}
	fmt.Fprintf(p, "- `%s`: ", k.Path)
	if doc != "" {
		p.say("%s ", "%s", doc)
	}
	if k.UnusedAlone && doc != "" {
		p.say("**Not used yet.** ", "**尚未使用。** ")
	}
	p.facts(k)
	p.WriteString("\n")
}

// facts writes type, default, bounds and variable of a value.
func (p *page) facts(k config.Key) {
	facts := []string{k.Type.In(p.lang)}
	add := func(value, en, zh string) {
		if value != "" {
			facts = append(facts, fmt.Sprintf(fault.Text{En: en, Zh: zh}.In(p.lang), value))
		}
	}
	add(k.Default, "default `%s`", "默认 `%s`")
	add(strings.Join(k.Words, "`, `"), "one of `%s`", "`%s` 之一")
	add(k.Min, "at least `%s`", "至少 `%s`")
	add(k.Max, "at most `%s`", "至多 `%s`")
	add(strings.Join(k.Schemes, "`, `"), "begins with `%s`", "开头为 `%s`")
	add(k.Example, "for example `%s`", "例如 `%s`")
	if k.Type == config.TextSecret {
		add("x", "by variable or `"+last(k.Path)+"_file` only%.0s", "只能通过环境变量或 `"+last(k.Path)+"_file` 给出%.0s")
	}
	add(k.Variable, "`%s`", "`%s`")
	p.say("*%s*", "*%s*", strings.Join(facts, fault.Text{En: "; ", Zh: ";"}.In(p.lang)))
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// joinLines makes one line of a text; Chinese has no spaces between words.
func joinLines(s, lang string) string {
	if lang == "zh" {
		return strings.ReplaceAll(s, "\n", "")
	}
	return strings.ReplaceAll(s, "\n", " ")
}

func schemaFile() (file, error) {
	text, err := config.Schema()
	return file{"docs/redfire.schema.json", text}, err
}
