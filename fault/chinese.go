package fault

// chinese is the catalogue of what RedFire's errors say: the formats that are
// given to [Code.Errorf], and the same in Chinese, with the same verbs in the
// same order.
var chinese = map[string]string{
	// Where all is said by what is wrapped.
	"%s: %w": "%s：%w",

	// The command line.
	"%s: there is no command %q":                                               "%s：没有命令 %q",
	"%s: there is no command %q; did you mean %q?":                             "%s：没有命令 %q；是否想输入 %q？",
	"%s: an argument is missing: %s":                                           "%s：缺少参数：%s",
	"%s: %q is one argument too many: %s":                                      "%s：多出参数 %q：%s",
	"completion: %q is not a shell that is known: bash, zsh, fish, powershell": "completion：不认识 %q；支持 bash、zsh、fish、powershell",
	"there is no error code %q":                                                "没有错误代码 %q",
	"write the result: %w":                                                     "写出结果：%w",
	"write: %w":                                                                "写入：%w",
	"the file exists; it was not changed":                                      "文件已存在，未作改动",

	// Symbols and intervals.
	"symbol %q: %w": "合约代码 %q：%w",
	"symbol %q has no exchange: write it after a dot, as in rb2601.SHFE": "合约代码 %q 没有交易所：请写在点号之后，例如 rb2601.SHFE",
	"the code is empty":                                                        "代码为空",
	"the code is longer than 128 bytes":                                        "代码超过 128 字节",
	"the code is not UTF-8":                                                    "代码不是 UTF-8",
	"the code begins or ends with a space":                                     "代码的开头或结尾有空格",
	"the code ends with a backslash":                                           "代码以反斜杠结尾",
	"the code holds a control character or one that cannot be seen":            "代码含有控制字符或不可见字符",
	"the code holds U+FFFD, which stands for bytes that were not UTF-8":        "代码含有 U+FFFD，说明原文有不是 UTF-8 的字节",
	"the exchange is empty":                                                    "交易所为空",
	"the exchange is longer than 16 letters":                                   "交易所超过 16 个字符",
	"the exchange is written in capitals: %s":                                  "交易所要用大写字母：%s",
	"the exchange may hold only A-Z, 0-9 and _":                                "交易所只能含有 A-Z、0-9 和 _",
	"time zone of exchange %q is not known; say it, for example Asia/Shanghai": "不知道交易所 %q 的时区；请给出时区，例如 Asia/Shanghai",
	"no interval":                           "没有周期",
	"interval %s is not one that bars have": "%s 不是 K 线的周期",
	"interval %q: %w":                       "周期 %q：%w",
	"interval %q is not written as in 30s, 5m, 1h, d or w":                       "周期 %q 的写法不对，应如 30s、5m、1h、d 或 w",
	"interval %q would be a month, which is not kept":                            "周期 %q 表示月，不支持月线",
	"interval %q is not the interval of a bar; ticks have commands of their own": "%q 不是 K 线的周期；tick 有单独的命令",
	"interval %q is longer than 24h: beyond that there are d and w alone":        "周期 %q 超过 24h：更长的只有 d 和 w",

	// Times, zones and ranges.
	"no time": "没有时间",
	"time %s stands for no time and cannot be stored":                                        "时间 %s 用来表示没有时间，不能存储",
	"time %s is not within the years 1678 to 2261":                                           "时间 %s 不在 1678 年至 2261 年之间",
	"time %q is not written as in 2026-01-05T09:30:00+08:00":                                 "时间 %q 的写法不对，应如 2026-01-05T09:30:00+08:00",
	"time %q does not exist: its month, day, hour, minute, second or offset is out of range": "时间 %q 不存在：月、日、时、分、秒或时差超出范围",
	"time %q has no offset and no time zone is given beside it":                              "时间 %q 没有时差，也没有另外给出时区",
	"time zone %q is not one that means the same on every machine":                           "时区 %q 在不同机器上含义不同",
	"time zone %q is not in the IANA database":                                               "时区 %q 不在 IANA 数据库中",
	"%s does not exist in %s: the clocks were put forward over it":                           "%s 在 %s 不存在：夏令时使时钟跳过了它",
	"%s exists %d times in %s, with the offsets %s":                                          "%s 出现 %d 次（时区 %s），时差为 %s",
	"range from %s to %s goes backwards":                                                     "时间范围从 %s 到 %s 是倒着的",
	"range %q is not written as in 2026-01-05T01:30:00Z/2026-01-06T01:30:00Z":                "时间范围 %q 的写法不对，应如 2026-01-05T01:30:00Z/2026-01-06T01:30:00Z",
	"%s is not a whole microsecond, as the end of a range of ticks must be":                  "%s 不是整微秒；tick 时间范围的两端必须是整微秒",

	// Rows.
	"%s is not a whole second":                                      "%s 不是整秒",
	"%v is not a finite number":                                     "%v 不是有限的数",
	"depth %d is above 5":                                           "深度 %d 大于 5",
	"%v stands in a level beyond depth %d":                          "%v 所在的档位超出了深度 %d",
	"%q is not UTF-8":                                               "%q 不是 UTF-8",
	"tick: %w":                                                      "这条 tick：%w",
	"not JSON: %w":                                                  "不是 JSON：%w",
	"%q is not a JSON object":                                       "%q 不是 JSON 对象",
	"something stands after the JSON object":                        "JSON 对象之后还有内容",
	"there is no such field; there are %s":                          "没有这个字段；可用的字段有 %s",
	"the field is missing":                                          "缺少这个字段",
	"the field stands twice":                                        "字段重复出现",
	"%s is not a string as in %q":                                   "%s 不是如 %q 的字符串",
	"%s stands where a string is wanted":                            "%s 处应为字符串",
	"%s stands where a number within 1.8e308 is wanted":             "%s 处应为绝对值不超过 1.8e308 的数",
	"%s stands where a whole number from 0 to 5 is wanted":          "%s 处应为 0 到 5 的整数",
	"%s stands where a whole number from 0 to 4294967295 is wanted": "%s 处应为 0 到 4294967295 的整数",
	"null stands where a value is wanted; leave the field out, or write 0, if there is none": "此处应有值，却是 null；没有值时请省略该字段或写 0",
}
