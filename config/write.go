package config

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/redfire-quant/redfire/fault"
)

// Stack returns the settings for a machine on which MySQL, Redis, InfluxDB and
// MongoDB run with their usual ports: values by key, for [WriteFile].
func Stack() map[string]string {
	set := map[string]string{}
	for _, key := range []string{"sql.NAME.url", "cache.redis", "series.url", "journal.url"} {
		for _, k := range Keys() {
			if k.Path == key {
				set[strings.Replace(key, anyName, "main", 1)] = k.Example
			}
		}
	}
	return set
}

var (
	fileHead = fault.Text{
		En: "RedFire configuration. Every key has a default, and what is commented out shows\n" +
			"it, or an example where the default is to have none. Variables override keys:\n" +
			"REDFIRE_SQL__MAIN__URL stands for sql.main.url. Check the file with\n" +
			"\"redfire config check\"; \"redfire config explain KEY\" tells where a value is from.",
		Zh: "RedFire 配置文件。每个键都有默认值；注释掉的行写的就是默认值，默认为空的键则写出示例。\n" +
			"环境变量可覆盖配置：REDFIRE_SQL__MAIN__URL 对应 sql.main.url。\n" +
			"用 \"redfire config check\" 检查本文件；\"redfire config explain KEY\" 说明某个值的来源。",
	}
	unusedNote = fault.Text{En: "(not used yet)", Zh: "（尚未使用）"}
)

// WriteFile writes a configuration file in which every key stands with its
// description in the language lang, "en" or "zh". The values of set, by key,
// are in force; all other keys are commented out.
func WriteFile(w io.Writer, lang string, set map[string]string) error {
	f := &fileWriter{out: bufio.NewWriter(w), lang: lang, set: set}
	f.comment("", fileHead.In(lang))
	f.section(tree(), "", "", false)
	return f.out.Flush()
}

type fileWriter struct {
	out  *bufio.Writer // keeps the first error until Flush
	lang string
	set  map[string]string
}

// section writes the keys below k. In a section that is off every line is
// commented out already by indent.
func (f *fileWriter) section(k *node, path, indent string, off bool) {
	for _, c := range k.below {
		full := join(path, c.name)
		if c.Type == TextSecret {
			continue // secrets do not stand in the file
		}
		if k.Path == "" {
			fmt.Fprintln(f.out)
		}
		f.describe(c, indent)
		mark, childOff := "", off
		if _, on := f.set[full]; !on && !f.sets(full+".") && !off {
			mark, childOff = "# ", true
		}
		switch c.Type {
		case Section:
			fmt.Fprintf(f.out, "%s%s%s:\n", indent, mark, c.name)
			f.section(c, full, indent+mark+"  ", childOff)
		case NamedSection:
			f.named(c, full, indent, mark, childOff)
		default:
			fmt.Fprintf(f.out, "%s%s%s: %s\n", indent, mark, c.name, f.value(c, full))
		}
	}
}

// named writes the sections that always exist, or else an example.
func (f *fileWriter) named(c *node, full, indent, mark string, off bool) {
	fmt.Fprintf(f.out, "%s%s%s:\n", indent, mark, c.name)
	names := c.names
	if len(names) == 0 {
		names = []string{c.tag.Get("called")}
	}
	for _, name := range names {
		fmt.Fprintf(f.out, "%s%s  %s:\n", indent, mark, name)
		f.section(c.each, join(full, name), indent+mark+"    ", off)
	}
}

func (f *fileWriter) describe(c *node, indent string) {
	text := c.Doc.In(f.lang)
	if c.UnusedAlone {
		text += " " + unusedNote.In(f.lang)
	}
	f.comment(indent, text)
}

// comment writes text as comment lines. Where indent comments out already, a
// second mark keeps the text a comment when the first one is taken away.
func (f *fileWriter) comment(indent, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(f.out, "%s# %s\n", indent, line)
	}
}

// sets reports whether any key that begins with start is set.
func (f *fileWriter) sets(start string) bool {
	for key := range f.set {
		if strings.HasPrefix(key, start) {
			return true
		}
	}
	return false
}

func (f *fileWriter) value(c *node, full string) string {
	if v, ok := f.set[full]; ok {
		return v
	}
	if c.Default != "" {
		return c.Default
	}
	return c.Example
}
