package market

import (
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// An Exchange is the short name of a venue, 1 to 16 of A-Z, 0-9 and _. The
// names below are those of vn.py 4.5; any other that is well formed is as good.
type Exchange string

// The exchanges of vn.py 4.5, by the values that vn.py stores.
const (
	CFFEX Exchange = "CFFEX" // China Financial Futures Exchange
	SHFE  Exchange = "SHFE"  // Shanghai Futures Exchange
	CZCE  Exchange = "CZCE"  // Zhengzhou Commodity Exchange
	DCE   Exchange = "DCE"   // Dalian Commodity Exchange
	INE   Exchange = "INE"   // Shanghai International Energy Exchange
	GFEX  Exchange = "GFEX"  // Guangzhou Futures Exchange
	SSE   Exchange = "SSE"   // Shanghai Stock Exchange
	SZSE  Exchange = "SZSE"  // Shenzhen Stock Exchange
	BSE   Exchange = "BSE"   // Beijing Stock Exchange
	SHHK  Exchange = "SHHK"  // Shanghai-Hong Kong Stock Connect
	SZHK  Exchange = "SZHK"  // Shenzhen-Hong Kong Stock Connect
	SGE   Exchange = "SGE"   // Shanghai Gold Exchange
	WXE   Exchange = "WXE"   // Wuxi Steel Exchange
	CFETS Exchange = "CFETS" // China's interbank bond market, market makers
	XBOND Exchange = "XBOND" // China's interbank bond market, anonymous

	SMART    Exchange = "SMART"    // Interactive Brokers' router
	NYSE     Exchange = "NYSE"     // New York Stock Exchange
	NASDAQ   Exchange = "NASDAQ"   // Nasdaq
	ARCA     Exchange = "ARCA"     // NYSE Arca
	EDGEA    Exchange = "EDGEA"    // Direct Edge
	ISLAND   Exchange = "ISLAND"   // Nasdaq Island
	BATS     Exchange = "BATS"     // Bats Global Markets
	IEX      Exchange = "IEX"      // Investors Exchange
	AMEX     Exchange = "AMEX"     // American Stock Exchange
	TSE      Exchange = "TSE"      // Toronto Stock Exchange
	NYMEX    Exchange = "NYMEX"    // New York Mercantile Exchange
	COMEX    Exchange = "COMEX"    // Commodity Exchange, New York
	GLOBEX   Exchange = "GLOBEX"   // CME Globex
	IDEALPRO Exchange = "IDEALPRO" // Interactive Brokers' currencies
	CME      Exchange = "CME"      // Chicago Mercantile Exchange
	ICE      Exchange = "ICE"      // Intercontinental Exchange
	SEHK     Exchange = "SEHK"     // Stock Exchange of Hong Kong
	HKFE     Exchange = "HKFE"     // Hong Kong Futures Exchange
	SGX      Exchange = "SGX"      // Singapore Exchange
	CBOT     Exchange = "CBOT"     // Chicago Board of Trade
	CBOE     Exchange = "CBOE"     // Chicago Board Options Exchange
	CFE      Exchange = "CFE"      // Cboe Futures Exchange
	DME      Exchange = "DME"      // Dubai Mercantile Exchange
	EUREX    Exchange = "EUX"      // Eurex; vn.py's name and value differ
	APEX     Exchange = "APEX"     // Asia Pacific Exchange, Singapore
	LME      Exchange = "LME"      // London Metal Exchange
	BMD      Exchange = "BMD"      // Bursa Malaysia Derivatives
	TOCOM    Exchange = "TOCOM"    // Tokyo Commodity Exchange
	EUNX     Exchange = "EUNX"     // Euronext
	KRX      Exchange = "KRX"      // Korea Exchange
	OTC      Exchange = "OTC"      // over the counter
	IBKRATS  Exchange = "IBKRATS"  // Interactive Brokers' own

	LOCAL  Exchange = "LOCAL"  // data made locally
	GLOBAL Exchange = "GLOBAL" // a venue that vn.py has no name for
)

// Zone returns the time zone in which the exchange counts its days. The error
// for one whose zone is not known is [fault.NotFound]: names that stand for
// several places (SMART, ICE, OTC, LOCAL ...) have none.
func (e Exchange) Zone() (*time.Location, error) {
	name, ok := exchangeZones[e]
	if !ok {
		return nil, fault.MarketExchange.Errorf("time zone of exchange %q is not known; say it, for example Asia/Shanghai", clip(string(e)))
	}
	return LoadZone(name)
}

// exchangeZones names the zone of every exchange that lies in one, and of
// those that never close and count their days in UTC.
var exchangeZones = map[Exchange]string{
	CFFEX: "Asia/Shanghai", SHFE: "Asia/Shanghai", CZCE: "Asia/Shanghai", DCE: "Asia/Shanghai",
	INE: "Asia/Shanghai", GFEX: "Asia/Shanghai", SSE: "Asia/Shanghai", SZSE: "Asia/Shanghai",
	BSE: "Asia/Shanghai", SGE: "Asia/Shanghai", WXE: "Asia/Shanghai", CFETS: "Asia/Shanghai",
	XBOND: "Asia/Shanghai",

	SHHK: "Asia/Hong_Kong", SZHK: "Asia/Hong_Kong", SEHK: "Asia/Hong_Kong", HKFE: "Asia/Hong_Kong",
	SGX: "Asia/Singapore", APEX: "Asia/Singapore", BMD: "Asia/Kuala_Lumpur",
	TOCOM: "Asia/Tokyo", KRX: "Asia/Seoul", DME: "Asia/Dubai",

	NYSE: "America/New_York", NASDAQ: "America/New_York", ARCA: "America/New_York",
	EDGEA: "America/New_York", ISLAND: "America/New_York", BATS: "America/New_York",
	IEX: "America/New_York", AMEX: "America/New_York",
	NYMEX: "America/New_York", COMEX: "America/New_York",
	TSE: "America/Toronto",
	CME: "America/Chicago", GLOBEX: "America/Chicago", CBOT: "America/Chicago",
	CBOE: "America/Chicago", CFE: "America/Chicago",

	EUREX: "Europe/Berlin", EUNX: "Europe/Paris", LME: "Europe/London",

	"BINANCE": "UTC", "BITFINEX": "UTC", "BITGET": "UTC", "BITMEX": "UTC", "BITSTAMP": "UTC",
	"BYBIT": "UTC", "COINBASE": "UTC", "DERIBIT": "UTC", "GATEIO": "UTC", "HUOBI": "UTC",
	"KRAKEN": "UTC", "KUCOIN": "UTC", "OKEX": "UTC", "OKX": "UTC",
}
