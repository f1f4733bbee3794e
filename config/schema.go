package config

import (
	"encoding/json"
	"strings"
)

// Schema returns the JSON Schema (draft 2020-12) of the configuration file,
// for editors that complete and check YAML by one. It knows the keys and the
// forms of their values; what two keys must be to each other only [Load]
// checks.
func Schema() ([]byte, error) {
	s := schemaOf(tree())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "RedFire configuration"
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

type object = map[string]any

func schemaOf(k *node) object {
	s := leafSchema(k)
	if k.Doc.En != "" {
		s["description"] = strings.ReplaceAll(k.Doc.En, "\n", " ")
	}
	if k.Default != "" {
		s["default"] = defaultValue(k)
	}
	return s
}

// leafSchema returns the schema of k without what is said about every key.
// Sections and values may be null: a key with nothing behind it is its default.
func leafSchema(k *node) object {
	switch k.Type {
	case Section:
		properties := object{}
		for _, c := range k.below {
			if c.Type != TextSecret {
				properties[c.name] = schemaOf(c)
			}
		}
		return object{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	case NamedSection:
		return object{
			"type":                 []string{"object", "null"},
			"propertyNames":        object{"pattern": namePattern, "maxLength": maxName},
			"additionalProperties": schemaOf(k.each),
		}
	case Number:
		s := object{"type": []string{"integer", "null"}}
		if k.Min != "" {
			s["minimum"] = json.Number(k.Min)
		}
		if k.Max != "" {
			s["maximum"] = json.Number(k.Max)
		}
		return s
	case TextSwitch:
		return object{"type": []string{"boolean", "null"}}
	case TextWord:
		return text("^(" + strings.Join(k.Words, "|") + ")$")
	case TextLabel:
		return text(`^[^\x00-\x1f\x7f]{1,63}$`)
	case TextDuration:
		s := text(`^([0-9]+w)?([0-9]+d)?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*$`)
		if k.Default != "" {
			s["minLength"] = 1
		}
		return s
	case TextPath:
		s := text(`^[^\x00-\x1f\x7f]*$`)
		if k.Default != "" {
			s["minLength"] = 1
		}
		return s
	case TextSize:
		return text(sizeText.String())
	case TextURL:
		return text(urlPattern(k.Schemes))
	case TextAddress:
		return text(`:[0-9]+$`)
	}
	if k.Type.isList() {
		return object{"type": []string{"array", "null"}, "items": text(itemPattern(k))}
	}
	if pattern := calendarPatterns[k.Type]; pattern != "" {
		return text("^(" + pattern + ")?$") // an empty text takes the value away
	}
	return object{"type": []string{"string", "null"}}
}

// itemPattern returns the pattern of the items of a list.
func itemPattern(k *node) string {
	if k.Type == ListOfURLs {
		return urlPattern(k.Schemes)
	}
	if k.Type == ListOfStatements {
		return `\S`
	}
	return "^" + calendarPatterns[k.Type] + "$"
}

// Patterns of what package market reads.
const (
	datePattern    = `[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])`
	datesPattern   = `(` + datePattern + `|(` + datePattern + `)?\.\.(` + datePattern + `)?)`
	spanPattern    = `([01][0-9]|2[0-3]):[0-5][0-9]-(([0-3][0-9]|4[0-7]):[0-5][0-9]|48:00)`
	hoursPattern   = `\s*(` + datesPattern + `\s+)?((night|eve|day)\s+)*` + spanPattern + `(\s+(night|eve|day|` + spanPattern + `))*\s*`
	weekdayPattern = `(sun|mon|tue|wed|thu|fri|sat)`
	someDays       = weekdayPattern + `(-` + weekdayPattern + `)?`
)

// calendarPatterns are the patterns of values and of items of lists, without the
// marks of beginning and end.
var calendarPatterns = map[Type]string{
	TextCalendar:   `[a-z0-9_]+`,
	TextZone:       `[A-Za-z][A-Za-z0-9_+/-]*|[+-][0-9]{2}:[0-9]{2}`,
	TextWeekdays:   someDays + `(,` + someDays + `)*`,
	TextDates:      datesPattern,
	ListOfDates:    datesPattern,
	ListOfHours:    hoursPattern,
	ListOfPatterns: `[^\x00-\x1f\x7f]+\.[A-Z0-9_*?]+`,
}

func text(pattern string) object {
	return object{"type": []string{"string", "null"}, "pattern": pattern}
}

func urlPattern(schemes []string) string {
	escaped := strings.ReplaceAll(strings.Join(schemes, "|"), "+", `\+`)
	return "^((" + escaped + "):.+)?$"
}

func defaultValue(k *node) any {
	switch k.Type {
	case Number:
		return json.Number(k.Default)
	case TextSwitch:
		return k.Default == "true"
	}
	return k.Default
}
