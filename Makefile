ENV   ?= local
LOCAL := $(filter local local-gcp,$(ENV))
STACK  = exec bin/local -flavour=$(if $(filter local-gcp,$(ENV)),gcp,aws) $(if $(FAULT),-fault=$(FAULT))
FLAGS  = $(if $(RUN),-run '$(RUN)') $(if $(SEVERITY),-severity=$(SEVERITY)) $(if $(GATE),-gate=$(GATE))
PAGES  = go tool gotestsum --format testdox --hide-summary skipped --post-run-command fixtures/env/summary.sh -- ./smoke $(FLAGS)

.PHONY: help smoke test lint drill permissions catalogue
.SILENT:

help: ## show this
	awk -F ' ?## ' '/^[a-z]+:.*##/ { sub(":.*", "", $$1); printf "make %-12s %s\n", $$1, $$2 }' Makefile

smoke: ## ask the local stack, ENV=local-gcp or ENV=prod; RUN=Database SEVERITY=P0,P1 GATE=P1, and FAULT=name to break the local one
	$(if $(and $(FAULT),$(if $(LOCAL),,yes)),$(error FAULT breaks the local stack only, not ENV=$(ENV)))
	fixtures/env/forget.sh $(ENV)
	$(if $(LOCAL),go build -o bin/local ./fixtures/local && $(STACK) -- $(PAGES),ENV=$(ENV); . fixtures/env/load.sh; $(PAGES))

test: ## test the harness itself
	go tool gotestsum --format pkgname -- -race $$(go list ./fixtures/... ./internal/... | grep -v internal/drill)

drill: ## break the local stack in every way there is, and see each fault caught
	go test -count=1 -timeout=30m -parallel=6 -v ./internal/drill # most of a run is waiting

lint: ## what no reviewer should have to look for
	test -z "$$(gofmt -l . | tee /dev/stderr)"
	go vet ./...
	go mod tidy -diff
	go tool staticcheck ./...
	.ci/vulnerabilities

permissions: ## print the rights that the pages need: AWS policy, Google Cloud role, SQL
	go run ./fixtures/permissions

catalogue: ## print the README's tables of pages and settings
	go run ./internal/catalogue/markdown
