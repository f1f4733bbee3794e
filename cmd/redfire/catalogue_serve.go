package main

// What "serve" says, and the commands that talk to a server.
var (
	serveShort = message{"Serve the stores by HTTP", "通过 HTTP 提供各个存储"}
	serveLong  = message{
		"Serves bars, ticks and what is made of them to programs of any language, until it is interrupted: /openapi.json describes every request. It listens on the key server.listen, on this machine alone by default; an address that other machines reach needs a token, see \"redfire token\". Whether tokens are needed is decided when it starts: if there is one.",
		"向任何语言的程序提供 K 线、tick 及由其计算的结果，直到被中断为止；全部请求的说明见 /openapi.json。监听地址由 server.listen 指定，默认只限本机；其他机器可以访问的地址需要令牌，见 \"redfire token\"。是否需要令牌在启动时决定：只要有令牌就需要。",
	}

	flagListen    = message{"address to listen on (default: server.listen of the configuration); port 0 is any that is free", "监听地址（默认：配置中的 server.listen）；端口 0 表示任意空闲端口"}
	flagServer    = message{"talk to a server, http://127.0.0.1:8600, instead of opening files", "访问服务器 http://127.0.0.1:8600，而不打开本机文件"}
	flagTokenFile = message{"file with the token that the server asks for (default: series.token_file of the configuration)", "存放服务器令牌的文件（默认：配置中的 series.token_file）"}

	listeningOn    = message{"listening on %s", "正在监听 %s"}
	sourceOK       = message{"%s: ok (%s)", "%s：正常（%s）"}
	sourceDown     = message{"%s: down: %s", "%s：不可用：%s"}
	needsTokenNote = message{"every request needs a token", "每个请求都需要令牌"}
	served         = message{"stopped after %s: %d rows were read, %d written", "运行 %s 后停止：读取 %d 行，写入 %d 行"}
)
