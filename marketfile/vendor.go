package marketfile

import (
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// stockNames are what Tushare, JoinQuant, RiceQuant, MyQuant and Yahoo call the
// exchanges of stocks, whose codes are the same everywhere.
var stockNames = map[string]market.Exchange{
	"SH": market.SSE, "SS": market.SSE, "XSHG": market.SSE, "SHSE": market.SSE,
	"SZ": market.SZSE, "XSHE": market.SZSE,
	"BJ": market.BSE,
}

// futuresNames are what they and Wind call the exchanges of futures, whose codes
// differ too: RB2605.SHF is rb2605.SHFE, and AP2605.ZCE is AP605.CZCE.
var futuresNames = map[market.Exchange]market.Exchange{
	"SHF": market.SHFE, "XSGE": market.SHFE,
	"XDCE": market.DCE,
	"ZCE":  market.CZCE, "CZC": market.CZCE, "XZCE": market.CZCE,
	"CFX": market.CFFEX, "CCFX": market.CFFEX,
	"XINE": market.INE,
	"GFE":  market.GFEX,
}

// fronts are the exchanges that may stand in front of a code: SHFE.rb2605.
var fronts = map[market.Exchange]bool{
	market.SSE: true, market.SZSE: true, market.BSE: true, market.SHFE: true, market.DCE: true,
	market.CZCE: true, market.CFFEX: true, market.INE: true, market.GFEX: true,
}

// exchangeOf returns the exchange that a file or an option names, as vn.py calls
// it. An Exchange of vn.py printed by Python is "Exchange.SHFE".
func exchangeOf(name string) market.Exchange {
	name = strings.TrimPrefix(name, "Exchange.")
	if e := stockNames[strings.ToUpper(name)]; e != "" {
		return e
	}
	return market.Exchange(name)
}

// symbolOf reads code.EXCHANGE, and what others write for it: 000001.SZ,
// sh.600000, SHFE.rb2605.
func symbolOf(s string) (market.Symbol, error) {
	front, code, _ := strings.Cut(s, ".")
	if e := exchangeOf(strings.ToUpper(front)); fronts[e] && endsInNumber(code) {
		return market.Symbol{Code: code, Exchange: e}, nil
	}
	y, err := market.ParseSymbol(s)
	if err == nil {
		y.Exchange = exchangeOf(string(y.Exchange))
	}
	return y, err
}

// readSymbol reads a symbol of the file: as it stands, if Export wrote it.
func (l *layout) readSymbol(s string) (market.Symbol, error) {
	if l.own {
		return market.ParseSymbol(s)
	}
	return symbolOf(s)
}

// folded returns the symbol as which one is kept, either part of which may lack.
func folded(y market.Symbol) market.Symbol {
	if y.Code != "" && y.Exchange != "" {
		if to, err := symbolOf(y.Code + "." + string(y.Exchange)); err == nil {
			return to
		}
	}
	return market.Symbol{Code: y.Code, Exchange: exchangeOf(string(y.Exchange))}
}

// endsInNumber reports whether a code ends as those of stocks and contracts do,
// and no exchange does.
func endsInNumber(code string) bool {
	return len(code) >= 3 && leading([]byte(code[len(code)-3:])) == 3
}

// checkExchange returns an error for the name of an exchange whose codes are not
// those of vn.py.
func checkExchange(y market.Symbol) error {
	if e := futuresNames[y.Exchange]; e != "" {
		return fault.MarketSymbol.Errorf("symbol %q: vn.py calls this exchange %s, and writes its contracts as the exchange itself does, rb2605 or TA605 (--symbol)", shown([]byte(y.Code+"."+string(y.Exchange))), e)
	}
	return nil
}

// intervalNames are Intervals of vn.py as Python prints them.
var intervalNames = map[string]market.Interval{
	"Interval.MINUTE": market.Minute, "Interval.HOUR": market.Hour, "Interval.DAILY": market.Day, "Interval.WEEKLY": market.Week,
}

// intervalOf reads an interval of a file.
func intervalOf(s string) (market.Interval, error) {
	if v := intervalNames[s]; v != 0 {
		return v, nil
	}
	return market.ParseInterval(s)
}

// renamed tells that a symbol is not kept as it stands, nil if it is.
func renamed(from, to market.Symbol) error {
	switch {
	case from == to:
		return nil
	case from.Code != to.Code:
		return fault.FileForm.Errorf("symbols with their exchange in front are kept as vn.py writes them: with %s behind", to.Exchange)
	}
	return fault.FileForm.Errorf("the exchange %s is kept as %s, as vn.py calls it", shown([]byte(from.Exchange)), to.Exchange)
}
