# Everything that people and CI do with this project. `make` shows it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# The first Python that is new enough; `make setup PYTHON=...` names another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; \
	done || echo python3)
VENV := .venv
CDKTN := .venv-cdktn
BIN := $(CURDIR)/$(VENV)/bin
INSTALL := pip install --quiet --disable-pip-version-check

export PATH := $(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
export CHECKPOINT_DISABLE := 1
# Node 20 works; jsii fills stderr with its end of life.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

WORKERS ?= 2
TESTS ?= tests
PYTEST := $(BIN)/pytest

.PHONY: help
help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.installed node_modules/.installed provider ## Install all that is needed into this folder; instant when it is there

.PHONY: prerequisites
prerequisites: ## Name what this machine lacks, and what to do about it
	@command -v $(PYTHON) >/dev/null || { echo "setup: Python is missing; install 3.11 or newer" >&2; exit 1; }
	@PYTHONPATH= $(PYTHON) -m toolchain.prerequisites

$(VENV)/.installed: requirements-dev.txt pyproject.toml
	@$(MAKE) prerequisites
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setup: Python packages into $(VENV)"
	@$(BIN)/python -m $(INSTALL) -r requirements-dev.txt
	@$(BIN)/python -m $(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

node_modules/.installed: package.json package-lock.json
	@$(MAKE) prerequisites
	@echo "setup: the cdktf command line into node_modules"
	@npm ci --silent
	@touch $@

.PHONY: setup-cdktn
setup-cdktn: $(CDKTN)/.installed ## Install cdktn beside cdktf, in a virtual environment of its own

$(CDKTN)/.installed: requirements-cdktn.txt $(VENV)/.installed
	@test -x $(CDKTN)/bin/python || $(PYTHON) -m venv $(CDKTN)
	@echo "setup: cdktn into $(CDKTN)"
	@$(CDKTN)/bin/python -m $(INSTALL) -r requirements-cdktn.txt
	@touch $@

.PHONY: provider
provider: $(VENV)/.installed ## Get the Terraform provider: from the registry, or built by Go
	@$(BIN)/python -m toolchain.terraform_provider >/dev/null

.PHONY: opentofu
opentofu: $(VENV)/.installed provider ## Get OpenTofu for the test matrix: from PATH, or built by Go
	@$(BIN)/python -m toolchain.tofu >/dev/null

.PHONY: browser
browser: $(VENV)/.installed ## Get Chromium for the tests of pages
	@$(BIN)/python -m toolchain.browser

.PHONY: promtool
promtool: $(VENV)/.installed ## Get promtool for the test of the example alert rules
	@$(BIN)/python -m toolchain.promtool

.PHONY: demo
demo: setup ## Show the whole job on an emulator: lock, plan, apply, activate, collect garbage, rotate
	@$(BIN)/python -m toolchain.demo

.PHONY: test
test: setup setup-cdktn browser ## Run every test that needs no real CloudStack
	@$(PYTEST) -n $(WORKERS) --dist loadgroup -m "not matrix" $(TESTS)

.PHONY: faults
faults: setup ## Run the whole fault matrix into docs/faults.md, half an hour; CELLS="sigterm and apply" chooses
	@$(PYTEST) -n $(WORKERS) -m matrix -k "$(CELLS)" tests/faults

.PHONY: bench
bench: setup ## Measure at scale, an hour, into benchmarks/RESULTS.md; BENCH="synthesis review" chooses
	@$(BIN)/python -m benchmarks $(BENCH)

.PHONY: test-matrix
test-matrix: setup ## Run tests of the wheel on every Python, engine and Terraform that is here; takes long; ONLY="3.12 cdktn"
	@test -x $(BIN)/uv || $(BIN)/python -m $(INSTALL) uv
	@$(BIN)/python -m toolchain.matrix --only $(ONLY)

.PHONY: live
live: setup ## Run the end-to-end tests on the CloudStack that CLOUDSTACK_API_URL names
	@: "$${CLOUDSTACK_API_URL:?name the API, such as https://cloud.example.org/client/api}"
	@: "$${CLOUDSTACK_API_KEY:?give the API key of a dedicated account}"
	@: "$${CLOUDSTACK_SECRET_KEY:?give the secret key}"
	@: "$${CLOUDSTACK_PINS_LIVE:?name the TOML file that says what of it to use; tests/e2e/live_site.py shows one}"
	@$(PYTEST) -m live $(TESTS)

.PHONY: check
check: $(VENV)/.installed ## Check format, lint, types, lock files and, where that is possible, known vulnerabilities
	@$(BIN)/ruff format --check --quiet . || { echo "check: run \`make format\`" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m toolchain.lock_files
	@$(BIN)/python -m toolchain.audit --where-possible

.PHONY: audit
audit: $(VENV)/.installed ## Look for known vulnerabilities in the dependencies; needs the network
	@test -x .venv-audit/bin/pip-audit || { $(PYTHON) -m venv .venv-audit && .venv-audit/bin/$(INSTALL) pip-audit; }
	@$(BIN)/python -m toolchain.audit

.PHONY: format
format: $(VENV)/.installed ## Let ruff write
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

.PHONY: golden
golden: setup setup-cdktn ## Write the golden files of the tests anew; look at the difference before you commit it
	@UPDATE_GOLDEN=1 $(PYTEST) -q -m "not matrix" $(TESTS)

.PHONY: freeze
freeze: $(VENV)/.installed ## Resolve all dependencies anew into the lock files; needs the network
	@test -x $(BIN)/uv || $(BIN)/python -m $(INSTALL) uv
	@for stem in requirements requirements-dev requirements-cdktn; do \
		$(BIN)/uv pip compile --quiet --upgrade --no-emit-index-url --universal --python-version 3.11 \
			"$$stem.in" -o "$$stem.txt"; \
	done
	@npm install --package-lock-only --silent
	@cd toolchain/provider && GONOSUMDB=github.com/terraform-providers/terraform-provider-cloudstack go mod tidy
	@cd toolchain/opentofu && go mod tidy

.PHONY: clean
clean: ## Remove what was made from the sources; installed packages and Terraform's state stay
	@rm -rf cdktf.out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './$(VENV)*' -not -path './node_modules/*' -prune -exec rm -rf {} +
