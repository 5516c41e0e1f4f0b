# Development tasks. Needs Python 3.11 with pip; the first run needs the network.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.9
UV := $(shell command -v uv || echo .uv/bin/uv)
BIN := .venv/bin
# Twice the cores of a small machine, because tests often wait for processes and disks.
PYTEST := $(BIN)/pytest -q -n 4 --dist worksteal
# The tests start many processes. Without stored bytecode, each of them compiles all its modules.
unexport PYTHONDONTWRITEBYTECODE
READY := .venv/.ready
INSPECTOR := tests/inspector/node_modules/.ready
CONFORMANCE := tests/conformance/node_modules/.ready
TOKENS := tests/tokens/node_modules/.ready
RELEASE := tests/release/node_modules/.ready
CLIENTS := tests/clients/javascript/node_modules/.ready
DEBIAN := .venv/.debian-ready

# Run a step of the gate: print one line if it succeeds, and its complete output if it fails.
gate = @printf '%-14s' '$(1)'; if output=$$($(2) 2>&1); then echo ok; else echo FAILED; printf '%s\n' "$$output"; exit 1; fi

.PHONY: help demo dashboard test check format generate bench soak peers linearizability clients examples proximity screenshots apifuzz bundle sbom audit clean

help: ## list the targets (the default)
	@echo 'slotmcp: make <target>'
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## play an agent's side of a phone call through a real MCP client
	@$(BIN)/slotmcp demo

dashboard: $(READY) ## serve a dashboard with simulated callers until Ctrl-C
	@$(BIN)/slotmcp demo --dashboard

test: $(READY) $(INSPECTOR) $(CONFORMANCE) $(TOKENS) $(RELEASE) $(DEBIAN) ## run all tests in random order, four at a time
	@$(PYTEST)

check: $(READY) $(INSPECTOR) $(CONFORMANCE) $(TOKENS) $(RELEASE) $(DEBIAN) ## run the gate: format, lint, types, import contracts, tests with coverage
	$(call gate,lock file,$(UV) lock --check --offline)
	$(call gate,format,$(BIN)/ruff format --check .)
	$(call gate,lint,$(BIN)/ruff check .)
	$(call gate,types,$(BIN)/mypy)
	$(call gate,imports,$(BIN)/lint-imports)
	@echo 'tests'
	@$(PYTEST) --cov --cov-report=term-missing:skip-covered

format: $(READY) ## format the source and apply the linter's fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

generate: $(READY) ## write the generated files again: columns of the tables, JSON Schema of the project file
	@$(BIN)/python tests/project/generate_columns.py
	@$(BIN)/python -m slotmcp.project_file.json_schema src/slotmcp/project_file/project.schema.json

bench: $(READY) ## measure performance as ratios within one run (QUICK=1: roughly; RUNS=3: with the spread; ONLY=part of a name)
	@$(BIN)/python tests/benchmarks/run.py $(if $(QUICK),--quick) $(if $(RUNS),--runs $(RUNS)) $(if $(ONLY),--only $(ONLY))

soak: $(READY) ## use a server for ten minutes, and measure its memory and response times (MINUTES=1: shorter)
	@$(BIN)/python tests/benchmarks/soak.py --minutes $(or $(MINUTES),10)

peers: $(READY) ## compare with other booking servers that you run (PEERS=a copy of tests/benchmarks/peers.example.json)
	@$(BIN)/python tests/benchmarks/peers.py $(PEERS)

linearizability: $(READY) ## check 200,000 concurrent calls during faults on both databases; continues where it ended
	@$(BIN)/python tests/linearizability/long_run.py

clients: $(READY) $(CLIENTS) $(INSPECTOR) ## let 23 clients talk with the server, and write docs/reference/clients.md (installs 4 GB)
	@UV='$(UV)' $(BIN)/python tests/clients/run.py

examples: $(READY) ## run the agents and the FastAPI app in examples/, each in its own environment
	@UV='$(UV)' $(BIN)/python tests/clients/run_examples.py

proximity: $(READY) ## compare driving distances by ranking with the shortest routes
	@$(BIN)/python tests/benchmarks/proximity.py

screenshots: $(READY) $(DEBIAN) ## take the screenshots in docs/images again
	@$(BIN)/python tests/browser/screenshots.py

apifuzz: $(READY) ## send 300 random requests to each tool over plain HTTP, and check them against /openapi.json
	@APIFUZZ_EXAMPLES=300 $(BIN)/pytest -q -n 0 --timeout 3600 tests/interfaces/test_openapi.py -k random

bundle: $(READY) $(RELEASE) ## build dist/slotmcp.mcpb, the bundle for Claude Desktop
	@$(BIN)/python bundle/build.py dist/slotmcp.mcpb

sbom: $(READY) ## write the software bill of materials (CycloneDX) to dist/sbom.cdx.json
	@mkdir -p dist
	@$(UV) export --quiet --locked --no-default-groups --format cyclonedx1.5 --output-file dist/sbom.cdx.json

audit: $(READY) ## search the locked packages for known vulnerabilities (needs api.osv.dev and the npm registry)
	@$(UV) audit --locked
	@for folder in tests/inspector tests/conformance tests/tokens tests/release; do npm audit --prefix $$folder; done

clean: ## remove all generated files and environments
	@rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov dist build mutants bench-results tests/*/node_modules tests/*/*/node_modules
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml uv.lock | $(UV)
	@echo 'Preparing .venv ...'
	@$(UV) sync --locked --quiet
	@touch $@

$(INSPECTOR): tests/inspector/package-lock.json
	@echo 'Preparing the MCP Inspector ...'
	@cd tests/inspector && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(CONFORMANCE): tests/conformance/package-lock.json
	@echo 'Preparing the conformance suite ...'
	@cd tests/conformance && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(CLIENTS): tests/clients/javascript/package-lock.json
	@echo 'Preparing the clients in JavaScript ...'
	@cd tests/clients/javascript && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(TOKENS): tests/tokens/package-lock.json
	@echo 'Preparing the tokenizer ...'
	@cd tests/tokens && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(RELEASE): tests/release/package-lock.json
	@echo 'Preparing the packer of bundles and the linter of workflows ...'
	@cd tests/release && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# A browser, proxies, a Prometheus, a Redis and systemd's linter for the tests. Without root, install them by hand.
$(DEBIAN): tests/debian-packages | $(READY)
	@dpkg-query -W $$(cat $<) >/dev/null 2>&1 || { \
		echo "Preparing $$(paste -sd ' ' $<) ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$(cat $<) >/dev/null; \
	}
	@touch $@

.uv/bin/uv:
	@echo 'Installing uv $(UV_VERSION) into .uv ...'
	@python3 -m venv --without-pip .uv
	@python3 -m pip --quiet --python .uv/bin/python install 'uv==$(UV_VERSION)'
