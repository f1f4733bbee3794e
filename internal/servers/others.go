package servers

import (
	"context"
	"errors"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

var errSoon = errors.New("soon")

type soon struct{}

func (soon) prepare(context.Context, *node) error            { return errSoon }
func (soon) processes(*node) ([]process, error)              { return nil, errSoon }
func (soon) settle(context.Context, *node) error             { return errSoon }
func (soon) answers(context.Context, Access) (string, error) { return "", errSoon }

type influxDB2 struct{ soon }

func (influxDB2) engine() engines.Engine { return engines.InfluxDB2 }

type influxDB1 struct{ soon }

func (influxDB1) engine() engines.Engine { return engines.InfluxDB1 }

type mongoDB struct{ soon }

func (mongoDB) engine() engines.Engine { return engines.MongoDB }
