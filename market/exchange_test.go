package market_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// vnpyExchanges are the values of the enumeration Exchange in
// vnpy/trader/constant.py of vn.py 4.5.0.
var vnpyExchanges = strings.Fields(`
	CFFEX SHFE CZCE DCE INE GFEX SSE SZSE BSE SHHK SZHK SGE WXE CFETS XBOND
	SMART NYSE NASDAQ ARCA EDGEA ISLAND BATS IEX AMEX TSE NYMEX COMEX GLOBEX IDEALPRO CME ICE SEHK HKFE SGX CBOT CBOE CFE
	DME EUX APEX LME BMD TOCOM EUNX KRX OTC IBKRATS
	LOCAL GLOBAL`)

var exchanges = []market.Exchange{
	market.CFFEX, market.SHFE, market.CZCE, market.DCE, market.INE, market.GFEX, market.SSE, market.SZSE, market.BSE,
	market.SHHK, market.SZHK, market.SGE, market.WXE, market.CFETS, market.XBOND,
	market.SMART, market.NYSE, market.NASDAQ, market.ARCA, market.EDGEA, market.ISLAND, market.BATS, market.IEX, market.AMEX,
	market.TSE, market.NYMEX, market.COMEX, market.GLOBEX, market.IDEALPRO, market.CME, market.ICE, market.SEHK, market.HKFE,
	market.SGX, market.CBOT, market.CBOE, market.CFE, market.DME, market.EUREX, market.APEX, market.LME, market.BMD,
	market.TOCOM, market.EUNX, market.KRX, market.OTC, market.IBKRATS, market.LOCAL, market.GLOBAL,
}

func TestTheExchangesAreThoseOfVNPY(t *testing.T) {
	var got []string
	for _, e := range exchanges {
		got = append(got, string(e))
	}
	if !slices.Equal(got, vnpyExchanges) {
		t.Errorf("got %v, want %v", got, vnpyExchanges)
	}
	for _, name := range vnpyExchanges {
		if y, err := market.ParseSymbol("a." + name); err != nil || string(y.Exchange) != name {
			t.Errorf("a.%s: got %#v, %v", name, y, err)
		}
	}
}

func TestAnExchangeHasAZoneUnlessItsNameMeansSeveralPlaces(t *testing.T) {
	want := map[string]string{
		"Asia/Shanghai":    "CFFEX SHFE CZCE DCE INE GFEX SSE SZSE BSE SGE WXE CFETS XBOND",
		"Asia/Hong_Kong":   "SHHK SZHK SEHK HKFE",
		"Asia/Singapore":   "SGX APEX",
		"America/New_York": "NYSE NASDAQ ARCA EDGEA ISLAND BATS IEX AMEX NYMEX COMEX",
		"America/Toronto":  "TSE", "America/Chicago": "CME GLOBEX CBOT CBOE CFE",
		"Europe/Berlin": "EUX", "Europe/Paris": "EUNX", "Europe/London": "LME", "Asia/Dubai": "DME",
		"Asia/Kuala_Lumpur": "BMD", "Asia/Tokyo": "TOCOM", "Asia/Seoul": "KRX", "UTC": "BINANCE OKX BYBIT DERIBIT",
		"": "SMART IDEALPRO ICE OTC IBKRATS LOCAL GLOBAL NEW_ONE",
	}
	zones := map[string]string{}
	for name, members := range want {
		for _, e := range strings.Fields(members) {
			zones[e] = name
		}
	}
	for _, name := range vnpyExchanges {
		if _, ok := zones[name]; !ok {
			t.Errorf("%s: not in this test", name)
		}
	}
	for e, name := range zones {
		z, err := market.Exchange(e).Zone()
		if name == "" {
			wantFault(t, e, err, fault.MarketExchange, "")
			continue
		}
		if err != nil || z.String() != name {
			t.Errorf("%s: got %v, %v, want %s", e, z, err, name)
		}
	}
}

func TestAHostileExchangeStaysOffTheScreen(t *testing.T) {
	for _, e := range []market.Exchange{"", "a\x1b[2J", market.Exchange(strings.Repeat("X", 10_000))} {
		_, err := e.Zone()
		wantFault(t, len(e), err, fault.MarketExchange, "")
		if err != nil && (strings.Contains(err.Error(), "\x1b") || len(err.Error()) > 300) {
			t.Errorf("%.20q: the message is %.400q", e, err)
		}
	}
}
