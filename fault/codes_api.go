package fault

// Codes of the HTTP server and its clients.
const (
	APIToken       Code = "RF-API-001"
	APITokenFile   Code = "RF-API-002"
	APITokenAccess Code = "RF-API-003"
	APITokenExists Code = "RF-API-004"
	APITokenNone   Code = "RF-API-005"
	APITokenName   Code = "RF-API-006"
	APIParameter   Code = "RF-API-007"
	APIBody        Code = "RF-API-008"
	APITooLarge    Code = "RF-API-009"
	APIForm        Code = "RF-API-010"
	APINoSeries    Code = "RF-API-011"
	APINoPath      Code = "RF-API-012"
	APIBusy        Code = "RF-API-013"
	APISlow        Code = "RF-API-014"
	APIForeign     Code = "RF-API-015"
	APIRole        Code = "RF-API-016"
	APIListen      Code = "RF-API-017"
	APINeedsToken  Code = "RF-API-018"
	APIUnreachable Code = "RF-API-019"
	APICut         Code = "RF-API-020"
	APIStrange     Code = "RF-API-021"
	APIUncertain   Code = "RF-API-022"
)

var apiEntries = []Entry{
	{
		APIToken, Denied,
		Text{"the token is missing or not accepted", "缺少令牌，或令牌不被接受"},
		Text{
			"Send a token that is accepted: \"Authorization: Bearer rf_...\". \"redfire token ls\" on the server lists those that there are, and \"redfire token new\" makes one.",
			"请发送有效的令牌：\"Authorization: Bearer rf_...\"。在服务器上用 \"redfire token ls\" 列出已有的令牌，用 \"redfire token new\" 新建。",
		},
	},
	{
		APITokenFile, Corrupt,
		Text{"the file of tokens is damaged", "令牌文件已损坏"},
		Text{
			"Mend the line that the message names, or restore the file. Until then no token is accepted. In a new file, the tokens have to be made anew.",
			"请修正错误信息所指的行，或恢复该文件。在此之前不接受任何令牌。若换用新文件，需要重新建立令牌。",
		},
	},
	{
		APITokenAccess, Unavailable,
		Text{"the file of tokens cannot be read or written", "无法读写令牌文件"},
		Text{
			"Look at what the message says: permissions, a full disk, a process that holds the file. Nothing was changed; while the file cannot be read no token is accepted.",
			"请查看错误信息：权限不足、磁盘已满，或有进程占用该文件。没有任何改动；文件无法读取期间不接受任何令牌。",
		},
	},
	{
		APITokenExists, Conflict,
		Text{"there is a token of this name already", "同名令牌已存在"},
		Text{
			"Choose another name, or revoke the old one first: redfire token revoke NAME.",
			"请换一个名称，或先吊销旧的：redfire token revoke NAME。",
		},
	},
	{
		APITokenNone, NotFound,
		Text{"there is no token of this name", "没有该名称的令牌"},
		Text{
			"Run \"redfire token ls\": it lists the names.",
			"运行 \"redfire token ls\" 可列出名称。",
		},
	},
	{
		APITokenName, Invalid,
		Text{"a token cannot have this name or role", "令牌不能用该名称或角色"},
		Text{
			"A name has 1 to 64 letters, digits, dots, underscores and hyphens; a role is reader or writer.",
			"名称由 1 到 64 个字母、数字、点、下划线和连字符组成；角色为 reader 或 writer。",
		},
	},
	{
		APIParameter, Invalid,
		Text{"a parameter of the request is wrong", "请求的参数有误"},
		Text{
			"Mend the parameter that the message names; /openapi.json and docs/en/http.md list them all.",
			"修正错误信息所指出的参数；全部参数见 /openapi.json 和 docs/zh/http.md。",
		},
	},
	{
		APIBody, Invalid,
		Text{"the body of the request cannot be read", "无法读取请求体"},
		Text{
			"Send what Content-Type says: NDJSON, CSV, Arrow or Parquet, whole, and packed as Content-Encoding says.",
			"请求体须与 Content-Type 一致：NDJSON、CSV、Arrow 或 Parquet；内容须完整，压缩方式须与 Content-Encoding 一致。",
		},
	},
	{
		APITooLarge, Invalid,
		Text{"the request is over a limit of the server", "请求超出服务器的上限"},
		Text{
			"Send less at once, or let the operator raise server.max_body. The message tells the limit.",
			"减少一次请求的量，或请管理员调大 server.max_body。错误信息中写有上限。",
		},
	},
	{
		APIForm, Invalid,
		Text{"the server does not speak this media type", "服务器不支持该媒体类型"},
		Text{
			"Ask for application/json, application/x-ndjson, text/csv or application/vnd.apache.arrow.stream by Accept; send one of them or Parquet, and say which by Content-Type.",
			"在 Accept 中请求 application/json、application/x-ndjson、text/csv 或 application/vnd.apache.arrow.stream；发送时用其中之一或 Parquet，并在 Content-Type 中注明。",
		},
	},
	{
		APINoSeries, NotFound,
		Text{"there is no such series", "没有这个序列"},
		Text{
			"/v1/symbols lists what there is. Letters of a symbol are capitals at one exchange and not at the next.",
			"已有的序列见 /v1/symbols。合约代码的大小写因交易所而异。",
		},
	},
	{
		APINoPath, NotFound,
		Text{"the server has nothing at this path", "服务器没有这个路径"},
		Text{
			"/openapi.json lists the paths and the methods of each.",
			"全部路径及其方法见 /openapi.json。",
		},
	},
	{
		APIBusy, Exhausted,
		Text{"the server answers as many requests as it may", "服务器同时处理的请求已达上限"},
		Text{
			"Try again in a moment, with fewer requests at once; or let the operator raise server.max_requests or server.max_streams.",
			"稍后再试并减少并发；或请管理员调大 server.max_requests 或 server.max_streams。",
		},
	},
	{
		APISlow, Exhausted,
		Text{"the request took longer than it may", "请求耗时超过上限"},
		Text{
			"Ask for a shorter range or fewer series, or let the operator raise server.timeout.",
			"缩短时间范围或减少序列，或请管理员调大 server.timeout。",
		},
	},
	{
		APIForeign, Denied,
		Text{"the request comes from a page or a name of another host", "请求来自其他站点的网页或主机名"},
		Text{
			"A server that needs no token answers only requests to a loopback address, and none of another site's page. Make a token with \"redfire token new\".",
			"不需要令牌的服务器只回应发往回环地址的请求，也不回应其他站点网页的请求。请用 \"redfire token new\" 生成令牌。",
		},
	},
	{
		APIRole, Denied,
		Text{"the token does not allow this", "令牌没有此权限"},
		Text{
			"Writing and deleting need a token of the role writer: \"redfire token new NAME --role writer\".",
			"写入和删除需要 writer 角色的令牌：\"redfire token new NAME --role writer\"。",
		},
	},
	{
		APIListen, Unavailable,
		Text{"the server cannot listen on its address", "服务器无法监听该地址"},
		Text{
			"Something else may listen there already: end it, or choose another port with --listen or server.listen.",
			"可能已有别的程序在监听：请结束它，或用 --listen 或 server.listen 换一个端口。",
		},
	},
	{
		APINeedsToken, Denied,
		Text{"an address that other machines reach needs a token", "其他机器可以访问的地址需要令牌"},
		Text{
			"Make one with \"redfire token new NAME --role reader\", or listen on 127.0.0.1.",
			"请先运行 \"redfire token new NAME --role reader\" 生成令牌，或监听 127.0.0.1。",
		},
	},
	{
		APIUnreachable, Unavailable,
		Text{"the server could not be reached", "无法连接服务器"},
		Text{
			"Is \"redfire serve\" running at that address? Nothing was changed.",
			"该地址上是否正在运行 \"redfire serve\"？没有任何改动。",
		},
	},
	{
		APICut, Unavailable,
		Text{"the answer of the server was cut off", "服务器的应答中途断开"},
		Text{
			"Ask again: what came is not whole, and was not taken for it.",
			"请重新请求：收到的内容不完整，也没有被当作完整数据。",
		},
	},
	{
		APIStrange, Unsupported,
		Text{"the answer is not that of a RedFire server", "应答不是来自 RedFire 服务器"},
		Text{
			"Look at the address, at proxies between, and at the version of the server.",
			"请检查地址、中间的代理以及服务器的版本。",
		},
	},
	{
		APIUncertain, Unknown,
		Text{"the connection broke before the server said whether it wrote", "连接在服务器确认写入之前断开"},
		Text{
			"Send the same request again: rows that are stored already are counted as unchanged.",
			"重新发送同一请求即可：已存储的行会计为未变。",
		},
	},
}
