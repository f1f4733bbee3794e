module github.com/redfire-quant/redfire

go 1.26
