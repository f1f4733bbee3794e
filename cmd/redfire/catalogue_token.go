package main

// What the commands about tokens of the HTTP server say.
var (
	tokenShort = message{"Tokens of the HTTP server: make, list, revoke", "HTTP 服务器的令牌：新建、列出、吊销"}
	tokenLong  = message{
		"Tokens let programs call \"redfire serve\": they send one in the header \"Authorization: Bearer TOKEN\". Their hashes are kept in the file that the key server.tokens names, or else in the file tokens of the data folder. A server that was started with tokens sees new and revoked ones within a second; one that was started without has to be started again.",
		"程序凭令牌访问 \"redfire serve\"：在请求头中写 \"Authorization: Bearer 令牌\"。令牌只以哈希形式存放在 server.tokens 指定的文件中，未指定则为数据目录中的 tokens 文件。启动时已有令牌的服务器在一秒内察觉新建和吊销；启动时没有令牌的服务器需要重新启动。",
	}

	tokenNewShort = message{"Make a token, and show it this once", "新建令牌，仅显示这一次"}
	tokenNewLong  = message{
		"Makes a token and shows it: on standard output there is nothing but the token. It is kept as a hash alone, so nobody can show it again; one that is lost is revoked and made anew. A reader reads everything, a writer changes it too.",
		"新建令牌并显示：标准输出只有令牌本身。系统只保存哈希，无法再次显示；遗失的令牌应吊销后重建。reader 可读取全部数据，writer 还可写入。",
	}
	tokenLsShort     = message{"List the tokens: name, role, when each was made", "列出令牌：名称、角色、建立时间"}
	tokenRevokeShort = message{"Revoke a token: it is not accepted any more", "吊销令牌，使其不再被接受"}

	flagRole     = message{"what the token is for: reader or writer", "令牌的角色：reader 或 writer"}
	tokenOnce    = message{"The token is shown this once; the server keeps nothing but its hash, in %s.", "令牌仅显示这一次；服务器只在 %s 中保存其哈希。"}
	tokenRevoked = message{"%s is revoked", "%s 已吊销"}

	colRole    = message{"ROLE", "角色"}
	colCreated = message{"CREATED", "建立时间"}
)
