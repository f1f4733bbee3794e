package fault

// Codes of the configuration.
const (
	ConfigSyntax          Code = "RF-CFG-001"
	ConfigMissing         Code = "RF-CFG-002"
	ConfigUnknownKey      Code = "RF-CFG-003"
	ConfigUnreadable      Code = "RF-CFG-004"
	ConfigDuplicateKey    Code = "RF-CFG-005"
	ConfigShape           Code = "RF-CFG-006"
	ConfigValue           Code = "RF-CFG-007"
	ConfigRange           Code = "RF-CFG-008"
	ConfigSecretInFile    Code = "RF-CFG-009"
	ConfigSecretFile      Code = "RF-CFG-010"
	ConfigTwoSecrets      Code = "RF-CFG-011"
	ConfigUnknownVariable Code = "RF-CFG-012"
	ConfigName            Code = "RF-CFG-013"
	ConfigFeature         Code = "RF-CFG-014"
	ConfigExists          Code = "RF-CFG-015"
	ConfigURL             Code = "RF-CFG-016"
	ConfigNoKey           Code = "RF-CFG-017"
	ConfigUnwritable      Code = "RF-CFG-018"
)

var configEntries = []Entry{
	{
		ConfigSyntax, Invalid,
		Text{"the configuration is not YAML", "配置文件不是合法的 YAML"},
		Text{
			"Mend the line that is named. Indent with spaces, never with tabs; put a space after each colon; quote text that holds \": \" or \" #\".",
			"修改所指出的那一行。用空格缩进，不要用制表符；冒号后面要有空格；含有 \": \" 或 \" #\" 的文本要加引号。",
		},
	},
	{
		ConfigMissing, NotFound,
		Text{"there is no such configuration file", "找不到配置文件"},
		Text{
			"Give the right path to --config or REDFIRE_CONFIG, or make a file with \"redfire config init\". Without either, ./redfire.yaml is read if it exists.",
			"用 --config 或 REDFIRE_CONFIG 给出正确的路径，或用 \"redfire config init\" 生成一个。两者都不给时，若存在 ./redfire.yaml 则读取它。",
		},
	},
	{
		ConfigUnknownKey, Invalid,
		Text{"the configuration has an unknown key", "配置中有未知的键"},
		Text{
			"Correct the spelling: the message names the nearest key that exists. All keys are in docs/en/configuration.md.",
			"改正拼写：错误信息给出了最接近的键。全部的键见 docs/zh/configuration.md。",
		},
	},
	{
		ConfigUnreadable, Denied,
		Text{"the configuration file cannot be read", "无法读取配置文件"},
		Text{
			"Let the user that runs RedFire read the file, and name a file: not a folder, and nothing larger than 1 MiB.",
			"让运行 RedFire 的用户有读取该文件的权限；路径必须是文件而不是目录，且不超过 1 MiB。",
		},
	},
	{
		ConfigDuplicateKey, Invalid,
		Text{"a key stands twice in the configuration", "配置中有重复的键"},
		Text{
			"Keep one of the two lines. RedFire does not choose between them.",
			"两行只保留一行。RedFire 不会替你选择。",
		},
	},
	{
		ConfigShape, Invalid,
		Text{"a section, a list or a single value stands where another is wanted", "此处应为另一种结构（配置段、列表或单个值）"},
		Text{
			"Compare the line with the example in docs/en/configuration.md; \"redfire config init\" writes every key in its right shape.",
			"对照 docs/zh/configuration.md 中的例子；\"redfire config init\" 会按正确的结构写出每一个键。",
		},
	},
	{
		ConfigValue, Invalid,
		Text{"a value cannot be read", "无法解析配置值"},
		Text{
			"Write whole numbers in digits (15), durations with a unit (250ms, 90s, 12h, 7d, 2w), sizes with a binary unit (512KiB, 256MiB, 2GiB).",
			"整数写成数字（15），时长带单位（250ms、90s、12h、7d、2w），大小带二进制单位（512KiB、256MiB、2GiB）。",
		},
	},
	{
		ConfigRange, Invalid,
		Text{"a value is out of its range or contradicts another", "配置值超出范围，或与另一项矛盾"},
		Text{
			"The message tells the bounds, and the other key where two contradict each other. Change one of them.",
			"错误信息给出了允许的范围；两项矛盾时也给出了另一个键。修改其中一项。",
		},
	},
	{
		ConfigSecretInFile, Invalid,
		Text{"a secret stands in the configuration file", "配置文件中写有明文密码"},
		Text{
			"Put the secret into a file of its own and name that file in password_file or token_file, or give it by the environment: REDFIRE_SQL__MAIN__PASSWORD. A configuration file is copied, committed and sent to others too easily. If it was shared already, change the secret.",
			"把密码放进单独的文件，并在 password_file 或 token_file 中写出该文件的路径；或通过环境变量给出：REDFIRE_SQL__MAIN__PASSWORD。配置文件太容易被复制、提交或发给别人。如果它已经外传，请更换密码。",
		},
	},
	{
		ConfigSecretFile, Invalid,
		Text{"a file that should hold a secret cannot be used", "无法使用密码文件"},
		Text{
			"Write the secret alone into the file (a line break at its end is ignored), let the user that runs RedFire read it. A relative path counts from the folder of the configuration file that names it.",
			"文件里只写密码本身（末尾的换行会被忽略），并让运行 RedFire 的用户可以读取。相对路径以写出它的配置文件所在目录为起点。",
		},
	},
	{
		ConfigTwoSecrets, Invalid,
		Text{"the same secret is given twice", "同一个密码给出了两次"},
		Text{
			"Keep one of the places that the message names. An empty variable, REDFIRE_SQL__MAIN__PASSWORD_FILE=, takes a path from the file away.",
			"错误信息指出了几处，只保留其中一处。把变量设为空（REDFIRE_SQL__MAIN__PASSWORD_FILE=）可以取消配置文件中的路径。",
		},
	},
	{
		ConfigUnknownVariable, Invalid,
		Text{"an environment variable names no key", "环境变量没有对应的配置键"},
		Text{
			"REDFIRE_SQL__MAIN__URL stands for sql.main.url: two underscores divide. Correct the name, or take the variable away. Variables that begin with REDFIRE_ are RedFire's own.",
			"REDFIRE_SQL__MAIN__URL 对应 sql.main.url：两个下划线表示分级。改正变量名，或删除该变量。以 REDFIRE_ 开头的变量都属于 RedFire。",
		},
	},
	{
		ConfigName, Invalid,
		Text{"a name in the configuration is not well formed", "配置中的名称不合规范"},
		Text{
			"Names of sources, namespaces and calendars begin with a lower-case letter and go on with at most 62 lower-case letters, digits and single underscores, and do not end with one, so that an environment variable can name them.",
			"数据源、命名空间和日历的名称以小写字母开头，其后最多 62 个小写字母、数字或单个下划线，且不以下划线结尾，这样环境变量才能表示它们。",
		},
	},
	{
		ConfigFeature, Invalid,
		Text{"the configuration uses a part of YAML that RedFire does not read", "配置使用了 RedFire 不支持的 YAML 语法"},
		Text{
			"Write the value out. Anchors, aliases, merge keys, tags and several documents in one file are not read.",
			"请直接写出值。不支持锚点、别名、合并键、标签以及一个文件中的多个文档。",
		},
	},
	{
		ConfigExists, Conflict,
		Text{"the file to write exists already", "要写出的文件已经存在"},
		Text{
			"Choose another path, or move the old file away. RedFire never overwrites a configuration.",
			"换一个路径，或先移走旧文件。RedFire 从不覆盖已有的配置。",
		},
	},
	{
		ConfigURL, Invalid,
		Text{"an address cannot be used", "地址无法使用"},
		Text{
			"Write mysql://user@host:3306/database, postgres://user@host:5432/database, sqlite:path, redis://host:6379/0, influx://host:8086?org=o&bucket=b or mongodb://host:27017/database. Characters like @ : / in a user or password are written as %40 %3A %2F.",
			"写法：mysql://user@host:3306/database、postgres://user@host:5432/database、sqlite:path、redis://host:6379/0、influx://host:8086?org=o&bucket=b 或 mongodb://host:27017/database。用户名或密码中的 @ : / 等字符写成 %40 %3A %2F。",
		},
	},
	{
		ConfigNoKey, NotFound,
		Text{"there is no such key", "没有这个配置键"},
		Text{
			"Name a key with dots, as in sql.main.url. \"redfire config explain\" without a key lists them all.",
			"用点号写出键名，例如 sql.main.url。不带参数的 \"redfire config explain\" 会列出全部的键。",
		},
	},
	{
		ConfigUnwritable, Denied,
		Text{"the configuration file cannot be written", "无法写出配置文件"},
		Text{
			"Choose a folder that exists, where you may write and where there is space.",
			"请选择一个存在、可写且有剩余空间的目录。",
		},
	},
}
