package marketfile

import (
	"slices"
	"strings"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// The fields that are no base columns of the store.
const (
	fieldTime     = "time" // with a date beside it, the time of the day
	fieldDate     = "date"
	fieldSymbol   = "symbol" // code.EXCHANGE, or the code alone
	fieldExchange = "exchange"
	fieldInterval = "interval"
	fieldSeq      = "seq"
	fieldMillis   = "millisecond" // of a tick whose time is in whole seconds
)

// fields returns the fields that a column may be.
func fields(kind series.Kind) []string {
	all := []string{fieldTime, fieldDate, fieldSymbol, fieldExchange}
	if kind == series.Bars {
		all = append(all, fieldInterval)
	} else {
		all = append(all, fieldSeq, fieldMillis)
	}
	for _, c := range series.BaseColumns(kind) {
		all = append(all, c.Name)
	}
	return all
}

func isField(kind series.Kind, name string) bool { return slices.Contains(fields(kind), name) }

// known are the names by which fields go, as plain makes them: those of vn.py,
// of Chinese terminals, of exchanges and of the usual Western files.
var known = map[series.Kind]map[string][]string{
	series.Bars: {
		fieldTime:       {"time", "datetime", "timestamp", "ts", "opentime", "starttime", "tradetime", "candlebegintime", "tsevent", "epoch", "epochs", "epochms", "epochus", "epochns", "unixtime", "时间", "日期时间", "交易时间"},
		fieldDate:       {"date", "tradedate", "day", "日期", "交易日期"},
		fieldSymbol:     {"symbol", "vtsymbol", "code", "ticker", "instrument", "tscode", "orderbookid", "instrumentid", "代码", "合约", "合约代码", "证券代码", "股票代码"},
		fieldExchange:   {"exchange", "exchangeid", "market", "交易所", "市场"},
		fieldInterval:   {"interval", "周期"},
		"open":          {"open", "openprice", "o", "开盘", "开盘价"},
		"high":          {"high", "highprice", "h", "最高", "最高价"},
		"low":           {"low", "lowprice", "l", "最低", "最低价"},
		"close":         {"close", "closeprice", "c", "收盘", "收盘价"},
		"volume":        {"volume", "vol", "v", "成交量", "总手"},
		"turnover":      {"turnover", "amount", "money", "quotevolume", "quoteassetvolume", "totalturnover", "成交额", "成交金额", "金额"},
		"open_interest": {"openinterest", "oi", "hold", "closeoi", "持仓量", "持仓"},
	},
	series.Ticks: {
		fieldTime:       {"time", "datetime", "timestamp", "ts", "tradetime", "exchtime", "updatetime", "tsevent", "epoch", "epochs", "epochms", "epochus", "epochns", "unixtime", "时间", "日期时间", "交易时间", "成交时间"},
		fieldDate:       {"date", "tradedate", "actionday", "日期", "交易日期", "成交日期"},
		fieldSymbol:     {"symbol", "vtsymbol", "code", "ticker", "instrument", "tscode", "orderbookid", "instrumentid", "代码", "合约", "合约代码", "证券代码", "股票代码"},
		fieldExchange:   {"exchange", "exchangeid", "market", "交易所", "市场"},
		fieldSeq:        {"seq"},
		fieldMillis:     {"updatemillisec", "millisecond", "milliseconds", "毫秒"},
		"depth":         {"depth"},
		"localtime":     {"localtime", "本地时间"},
		"name":          {"name", "合约名称", "证券名称", "名称"},
		"last_price":    {"lastprice", "last", "price", "tradeprice", "最新价", "成交价", "成交价格", "最新"},
		"last_volume":   {"lastvolume", "lastqty", "qty", "size", "quantity", "tradesize", "现量", "现手", "成交手数"},
		"volume":        {"volume", "成交量", totalName},
		"turnover":      {"turnover", "成交额", "成交金额"},
		"open_interest": {"openinterest", "持仓量"},
		"limit_up":      {"limitup", "upperlimitprice", "涨停价", "涨停"},
		"limit_down":    {"limitdown", "lowerlimitprice", "跌停价", "跌停"},
		"open_price":    {"openprice", "open", "开盘价", "今开盘"},
		"high_price":    {"highprice", "high", "highestprice", "最高价"},
		"low_price":     {"lowprice", "low", "lowestprice", "最低价"},
		"pre_close":     {"preclose", "precloseprice", "昨收", "昨收盘", "昨收价"},
		"bid_price_1":   {"bidprice1", "bid", "bidprice", "买一价", "申买价一"}, "ask_price_1": {"askprice1", "ask", "askprice", "卖一价", "申卖价一"},
		"bid_volume_1": {"bidvolume1", "bidsize", "bidqty", "买一量", "申买量一"}, "ask_volume_1": {"askvolume1", "asksize", "askqty", "卖一量", "申卖量一"},
		"bid_price_2": {"bidprice2", "买二价", "申买价二"}, "ask_price_2": {"askprice2", "卖二价", "申卖价二"},
		"bid_volume_2": {"bidvolume2", "买二量", "申买量二"}, "ask_volume_2": {"askvolume2", "卖二量", "申卖量二"},
		"bid_price_3": {"bidprice3", "买三价", "申买价三"}, "ask_price_3": {"askprice3", "卖三价", "申卖价三"},
		"bid_volume_3": {"bidvolume3", "买三量", "申买量三"}, "ask_volume_3": {"askvolume3", "卖三量", "申卖量三"},
		"bid_price_4": {"bidprice4", "买四价", "申买价四"}, "ask_price_4": {"askprice4", "卖四价", "申卖价四"},
		"bid_volume_4": {"bidvolume4", "买四量", "申买量四"}, "ask_volume_4": {"askvolume4", "卖四量", "申卖量四"},
		"bid_price_5": {"bidprice5", "买五价", "申买价五"}, "ask_price_5": {"askprice5", "卖五价", "申卖价五"},
		"bid_volume_5": {"bidvolume5", "买五量", "申买量五"}, "ask_volume_5": {"askvolume5", "卖五量", "申卖量五"},
	},
}

// needed are the fields without which there are no rows.
var needed = map[series.Kind][]string{
	series.Bars:  {"open", "high", "low", "close"},
	series.Ticks: {"last_price"},
}

// startNames are names of times that say that bars are stamped at their start.
var startNames = []string{"opentime", "starttime", "candlebegintime"}

// totalName is the name of a volume of ticks that says how it counts.
const totalName = "总成交量"

// unitNames are names of times that say their unit.
var unitNames = map[string]string{"epochs": "s", "epochms": "ms", "epochus": "us", "epochns": "ns"}

// plain returns a column's name as known has it: small letters, without brackets,
// spaces and what joins words, and without the unit in parentheses.
func plain(name string) string {
	name, _, _ = strings.Cut(name, "(")
	name, _, _ = strings.Cut(name, "（")
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(" _-.<>[]\"'\u3000", r):
			return -1
		case r == '１' || r == '２' || r == '３' || r == '４' || r == '５':
			return r - '１' + '1'
		}
		return r
	}, strings.ToLower(strings.TrimSpace(name)))
}

// extraName returns the name of an extra column for a column of a file: small
// letters, digits and underscores, and "" if nothing of it is left.
func extraName(column string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case strings.ContainsRune("<>()\"'", r):
			return -1
		}
		return '_'
	}, strings.ToLower(strings.TrimSpace(column)))
	return strings.Trim(name, "_")
}

// A preset is a form of file that goes by a name.
type preset struct {
	name    string
	kind    series.Kind
	columns []string          // of files that have no header
	fields  map[string]string // the column of a field, where its name does not tell
	barTime BarTime
	volume  market.TickVolume
}

// ownName is the preset of files that Export wrote.
const ownName = "redfire"

var presets = []preset{
	// What vn.py's data manager writes: stamped at the start, wall clock of the
	// database's zone.
	{name: "vnpy", kind: series.Bars, barTime: Start},
	{name: "vnpy", kind: series.Ticks, volume: market.Cumulative},
	// Binance's public klines and trades, which had no header before 2025.
	{
		name: "binance", kind: series.Bars, barTime: Start,
		columns: []string{"open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore"},
	},
	{
		name: "binance", kind: series.Ticks, volume: market.Traded,
		columns: []string{"id", "price", "qty", "quote_qty", "time", "is_buyer_maker", "is_best_match"},
		fields:  map[string]string{"turnover": "quote_qty"},
	},
	// What WonderTrader exports, and Chinese terminals that it takes after.
	{name: "wtpy", kind: series.Bars, barTime: End},
	// What Export writes.
	{name: ownName, kind: series.Bars, barTime: Start},
	{name: ownName, kind: series.Ticks},
}

// Presets returns the names of the presets for files of bars or of ticks.
func Presets(kind series.Kind) (names []string) {
	for _, p := range presets {
		if p.kind == kind {
			names = append(names, p.name)
		}
	}
	return names
}

func presetOf(kind series.Kind, name string) *preset {
	i := slices.IndexFunc(presets, func(p preset) bool { return p.kind == kind && p.name == name })
	if i < 0 {
		return nil
	}
	return &presets[i]
}
