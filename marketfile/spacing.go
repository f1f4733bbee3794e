package marketfile

import (
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// minSpaces is how many spaces between bars tell their interval.
const minSpaces = 10

// spacing tells that bars of one series stand further apart than those of their
// interval do, all by some multiple, nil if they do not: five-minute bars that
// were said to be of one minute.
func (r *rows) spacing() error {
	if len(r.time) == 0 || r.key(0).Kind != series.Bars {
		return nil
	}
	v, n := r.key(0).Interval, r.sameKey(0)
	length := market.Time(v.Duration())
	if length <= 0 || n <= minSpaces {
		return nil
	}
	common := market.Time(0)
	for i := 1; i < n && common != length; i++ {
		common = divisor(common, r.time[i]-r.time[i-1])
	}
	if common <= length {
		return nil
	}
	return fault.FileForm.Errorf("the first bars stand %s apart or a multiple of that, and are taken for bars of %s (--interval)", market.Interval(common/1e9), v)
}

// divisor returns the greatest common divisor of a and b, without a sign.
func divisor(a, b market.Time) market.Time {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}
