package config

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// A Key describes one key of the configuration.
type Key struct {
	// Path is the key with dots. Where a name of the user's choice stands it
	// has "NAME": "sql.NAME.url".
	Path string

	// Type says what the value is; a section holds other keys.
	Type Type

	// Default is the value without one, as it would be written; "" for none.
	Default string

	// Example is a value to start from, "" for none.
	Example string

	// Variable is the variable of the environment that stands for the key, ""
	// for a section.
	Variable string

	// Min and Max are the bounds of the value, "" for none.
	Min, Max string

	// Words are what the value may be, where it is one of a few.
	Words []string

	// Schemes are how an address may begin, without the colon.
	Schemes []string

	// Unused tells that the part of RedFire which reads the key does not exist
	// yet.
	Unused bool

	// UnusedAlone tells that it is Unused, and the section that holds it is not.
	UnusedAlone bool

	// Doc describes the key.
	Doc fault.Text
}

// A Type is the form of a key's value.
type Type string

// The types of values.
const (
	Section      Type = "section"
	NamedSection Type = "named sections"
	TextPath     Type = "path"
	TextAddress  Type = "host:port"
	Number       Type = "whole number"
	TextDuration Type = "duration"
	TextSize     Type = "size"
	TextURL      Type = "address"
	ListOfURLs   Type = "list of addresses"
	TextSecret   Type = "secret"
	TextSwitch   Type = "true or false"
	TextWord     Type = "word"
	TextLabel    Type = "text"

	ListOfStatements Type = "list of statements"

	TextCalendar   Type = "name of a calendar"
	TextZone       Type = "time zone"
	TextWeekdays   Type = "days of the week"
	TextDates      Type = "days"
	ListOfDates    Type = "list of days"
	ListOfHours    Type = "list of hours"
	ListOfPatterns Type = "list of patterns"
)

var chineseTypes = map[Type]string{
	Section: "配置段", NamedSection: "按名称的配置段",
	TextPath: "路径", TextAddress: "host:port", Number: "整数",
	TextDuration: "时长", TextSize: "大小", TextURL: "地址",
	ListOfURLs: "地址列表", TextSecret: "密码或令牌",
	TextSwitch: "true 或 false", TextWord: "单词", TextLabel: "文本", ListOfStatements: "语句列表",
	TextCalendar: "日历名称", TextZone: "时区", TextWeekdays: "星期", TextDates: "日期范围",
	ListOfDates: "日期列表", ListOfHours: "交易时段列表", ListOfPatterns: "模式列表",
}

// In returns the name of t in the language lang, "en" or "zh".
func (t Type) In(lang string) string {
	return fault.Text{En: string(t), Zh: chineseTypes[t]}.In(lang)
}

// isList reports whether the value is a list of texts.
func (t Type) isList() bool {
	switch t {
	case ListOfURLs, ListOfStatements, ListOfDates, ListOfHours, ListOfPatterns:
		return true
	}
	return false
}

var types = map[reflect.Type]Type{
	reflect.TypeFor[Path]():     TextPath,
	reflect.TypeFor[Address]():  TextAddress,
	reflect.TypeFor[int]():      Number,
	reflect.TypeFor[Duration](): TextDuration,
	reflect.TypeFor[Size]():     TextSize,
	reflect.TypeFor[URL]():      TextURL,
	reflect.TypeFor[[]URL]():    ListOfURLs,
	reflect.TypeFor[Secret]():   TextSecret,
	reflect.TypeFor[Switch]():   TextSwitch,
	reflect.TypeFor[Word]():     TextWord,
	reflect.TypeFor[Label]():    TextLabel,

	reflect.TypeFor[[]Statement](): ListOfStatements,

	reflect.TypeFor[CalendarName]():    TextCalendar,
	reflect.TypeFor[Zone]():            TextZone,
	reflect.TypeFor[market.Weekdays](): TextWeekdays,
	reflect.TypeFor[market.Dates]():    TextDates,
	reflect.TypeFor[[]market.Dates]():  ListOfDates,
	reflect.TypeFor[[]market.Hours]():  ListOfHours,
	reflect.TypeFor[[]Pattern]():       ListOfPatterns,
}

// anyName stands in a path for a name of the user's choice.
const anyName = "NAME"

// namePattern is what names of sources and namespaces look like: an
// environment variable can hold each, and two underscores divide there.
const namePattern = `^[a-z][a-z0-9]*(_[a-z0-9]+)*$`

const maxName = 63

var nameForm = regexp.MustCompile(namePattern)

// A node is a key with those below it.
type node struct {
	Key
	name  string
	field int          // in the struct of the section above
	goal  reflect.Type // what is decoded into
	below []*node      // of a section
	each  *node        // of named sections: what each of them is
	names []string     // of named sections: those that always exist
	tag   reflect.StructTag
}

// tree returns all keys, from the root.
func tree() *node {
	root := &node{Key: Key{Type: Section}, goal: reflect.TypeFor[Config]()}
	root.grow()
	return root
}

// grow makes the nodes below n from the fields of its struct.
func (n *node) grow() {
	for i := range n.goal.NumField() {
		f := n.goal.Field(i)
		if !f.IsExported() {
			continue
		}
		name := f.Tag.Get("yaml")
		c := &node{name: name, field: i, goal: f.Type, tag: f.Tag}
		c.Key = Key{
			Path:    strings.TrimPrefix(n.Path+"."+name, "."),
			Default: f.Tag.Get("default"), Example: f.Tag.Get("example"),
			Min: f.Tag.Get("min"), Max: f.Tag.Get("max"),
			Words: strings.Fields(f.Tag.Get("words")), Schemes: strings.Fields(f.Tag.Get("schemes")),
			Unused: n.Unused || f.Tag.Get("used") == "no",
		}
		c.Doc = docs[c.Path]
		c.UnusedAlone = c.Unused && !n.Unused
		n.below = append(n.below, c)
		if leaf, ok := types[f.Type]; ok {
			c.Type, c.Variable = leaf, variable(c.Path)
			continue
		}
		if f.Type.Kind() == reflect.Map {
			c.Type, c.names = NamedSection, strings.Fields(f.Tag.Get("names"))
			c.each = &node{Key: Key{Path: c.Path + "." + anyName, Type: Section, Unused: c.Unused}, name: anyName, goal: f.Type.Elem()}
			c.each.grow()
			continue
		}
		c.Type = Section
		c.grow()
	}
}

// child returns the key name below n. Below named sections every well-formed
// name is one.
func (n *node) child(name string) *node {
	if n.Type == NamedSection && nameForm.MatchString(name) && len(name) <= maxName {
		return n.each
	}
	for _, c := range n.below {
		if c.name == name {
			return c
		}
	}
	return nil
}

// walk calls visit for every key below n, sections before what they hold.
func (n *node) walk(visit func(*node)) {
	for _, c := range n.below {
		visit(c)
		c.walk(visit)
	}
	if n.each != nil {
		n.each.walk(visit)
	}
}

// Keys returns all keys, sections before what they hold, in the order of the
// documentation.
func Keys() []Key {
	var keys []Key
	tree().walk(func(n *node) { keys = append(keys, n.Key) })
	return keys
}

const prefix = "REDFIRE_"

// variable returns the variable that stands for the key at path.
func variable(path string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "__"))
}
