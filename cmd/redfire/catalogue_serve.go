package main

// What "serve" says, and the commands that talk to a server.
var (
	serveShort = message{"Serve the stores by HTTP", "通过 HTTP 提供各个存储"}
	serveLong  = message{
		"Serves the data folder by HTTP to programs of any language, until Ctrl-C: they read and write bars and ticks, and are told of changes as they happen. It listens on 127.0.0.1:8600, for this machine alone, unless --listen or the key server.listen says otherwise. An address that other machines reach needs tokens, see \"redfire token\"; if there is a token when it starts, every request needs one. /openapi.json of the server and docs/en/http.md describe the requests.",
		"通过 HTTP 把数据目录提供给任何语言的程序，直到按下 Ctrl-C：可以读写 K 线和 tick，并随时得知变更。默认监听 127.0.0.1:8600，只限本机；可用 --listen 或 server.listen 另行指定。其他机器可以访问的地址必须有令牌，见 \"redfire token\"；启动时只要有令牌，每个请求就都需要令牌。全部请求的说明见服务器的 /openapi.json 和 docs/zh/http.md。",
	}

	flagListen    = message{"address to listen on (default: server.listen of the configuration); port 0 is any that is free", "监听地址（默认：配置中的 server.listen）；端口 0 表示任意空闲端口"}
	flagServer    = message{"work on what a running \"redfire serve\" has, as in http://127.0.0.1:8600, and open no data folder", "使用运行中的 \"redfire serve\" 的数据，例如 http://127.0.0.1:8600，不打开数据目录"}
	flagTokenFile = message{"file with the token that the server asks for (default: series.token_file of the configuration)", "存放服务器令牌的文件（默认：配置中的 series.token_file）"}

	listeningOn    = message{"listening on %s", "正在监听 %s"}
	sourceOK       = message{"%s: ok (%s)", "%s：正常（%s）"}
	sourceDown     = message{"%s: down: %s", "%s：不可用：%s"}
	needsTokenNote = message{"every request needs a token", "每个请求都需要令牌"}
	served         = message{"stopped after %s: %d rows were read, %d written", "运行 %s 后停止：读取 %d 行，写入 %d 行"}
)
