package httpapi

import (
	"mime"
	"strconv"
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/marketfile"
)

// A form is one in which rows are answered.
type form struct {
	name      string // in the parameter format
	mediaType string
	format    marketfile.Format
}

const (
	typeJSON    = "application/json"
	typeNDJSON  = "application/x-ndjson"
	typeCSV     = "text/csv"
	typeArrow   = "application/vnd.apache.arrow.stream"
	typeParquet = "application/vnd.apache.parquet"
)

// rowForms are the forms of rows; the first one is that of who does not say.
var rowForms = []form{
	{"json", typeJSON, marketfile.JSON},
	{"ndjson", typeNDJSON, marketfile.NDJSON},
	{"csv", typeCSV, marketfile.CSV},
	{"arrow", typeArrow, marketfile.ArrowStream},
}

// formOf returns the form that a request wants, by its parameter format or else by
// Accept.
func formOf(format, accept string, forms []form) (form, error) {
	for _, f := range forms {
		if f.name == format {
			return f, nil
		}
	}
	names := make([]string, len(forms))
	if format != "" {
		for i, f := range forms {
			names[i] = f.name
		}
		return form{}, fault.At(fault.Place{Field: "format"}, fault.APIParameter.Errorf("it is %q, and the answer is sent as %s", format, strings.Join(names, ", ")))
	}
	best, weight := -1, 0.0
	for i, f := range forms {
		if w := weightOf(accept, f.mediaType); w > weight {
			best, weight = i, w
		}
	}
	if best < 0 {
		for i, f := range forms {
			names[i] = f.mediaType
		}
		return form{}, fault.At(fault.Place{Field: "Accept"}, fault.APIForm.Errorf("Accept is %q, and the answer is sent as %s", accept, strings.Join(names, ", ")))
	}
	return forms[best], nil
}

// listForms are the forms of everything else.
var listForms = rowForms[:2]

// weightOf returns how much a header Accept wants a media type, from 0 to 1, by
// RFC 9110: what names it more exactly counts.
func weightOf(accept, mediaType string) float64 {
	if strings.TrimSpace(accept) == "" {
		return 1
	}
	family, _, _ := strings.Cut(mediaType, "/")
	weight, exact := 0.0, 0
	for part := range strings.SplitSeq(accept, ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		closeness := map[string]int{mediaType: 3, family + "/*": 2, "*/*": 1}[name]
		if closeness <= exact {
			continue
		}
		exact, weight = closeness, 1
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
			weight = q
		}
	}
	return weight
}

// packingOf returns how an answer is packed: "zstd", "gzip" or not.
func packingOf(accept string) string {
	accepted := map[string]bool{}
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), ";")
		weight, err := strconv.ParseFloat(strings.TrimPrefix(strings.ReplaceAll(params, " ", ""), "q="), 64)
		accepted[strings.TrimSpace(name)] = err != nil || weight > 0
	}
	for _, name := range []string{"zstd", "gzip"} {
		if accepted[name] {
			return name
		}
	}
	return ""
}

// rowsBody begins an answer that is a list, of a media type, packed as the client
// accepts it.
func (c *call) rowsBody(mediaType, accept string) (*body, error) {
	if strings.HasPrefix(mediaType, "text/") {
		mediaType += "; charset=utf-8"
	}
	h := c.Header()
	h.Add("Vary", "Accept, Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	return c.body(mediaType, packingOf(accept))
}
