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
	case TextDuration:
		s := text(`^([0-9]+w)?([0-9]+d)?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*$`)
		s["minLength"] = 1
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
	case ListOfURLs:
		return object{"type": []string{"array", "null"}, "items": text(urlPattern(k.Schemes))}
	case TextAddress:
		return text(`:[0-9]+$`)
	default:
		return object{"type": []string{"string", "null"}}
	}
}

func text(pattern string) object {
	return object{"type": []string{"string", "null"}, "pattern": pattern}
}

func urlPattern(schemes []string) string {
	escaped := strings.ReplaceAll(strings.Join(schemes, "|"), "+", `\+`)
	return "^((" + escaped + "):.+)?$"
}

func defaultValue(k *node) any {
	if k.Type == Number {
		return json.Number(k.Default)
	}
	return k.Default
}
