# Needs Go, make and git. What it builds goes into .cache; the stages
# themselves are in tools/gate.

GO       ?= go
FUZZTIME ?=
BIN      := .cache/bin
GATE     := MAKE="$(MAKE)" $(BIN)/gate
# The tools are built anew for other versions of them, and for another Go.
TOOLS    := $(BIN)/tools-$(shell $(GO) env GOVERSION)

.DEFAULT_GOAL := help
.PHONY: help check test lint fuzz bench figures generate tools gate clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

check: gate ## the quick check: format, vet, linters, architecture, unit tests
	@$(GATE) check

test: gate ## every check; the last lines tell what did not run and why
	@$(GATE) -fuzztime=$(or $(FUZZTIME),2s) test

lint: gate ## the linters alone
	@$(GATE) lint

fuzz: gate ## every fuzzer, one on each core; FUZZTIME=30s each
	@$(GATE) -fuzztime=$(or $(FUZZTIME),30s) fuzz

bench: ## measure beside peers and the limit: BENCH=series, files or http, a few minutes
	@$(GO) -C bench run . $(BENCH)

figures: ## the code's measured figures beside their limits
	@$(GO) test -count=1 -v -run 'Limits' .

generate: ## write the generated files anew
	$(GO) generate ./...

tools: $(TOOLS) ## build the linters (a minute or two, when their versions change)
	@:

gate:
	@$(GO) -C tools build -o ../$(BIN)/gate ./gate

$(TOOLS): tools/go.sum
	GOBIN="$(CURDIR)/$(BIN)" $(GO) -C tools install tool
	@rm -f $(BIN)/tools-* && touch $@

clean: ## remove what was built
	rm -rf .cache
