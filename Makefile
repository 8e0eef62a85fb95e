.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
MINUTES ?= 2
JOBS ?= 3
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# The tests start hundreds of processes: each would compile the whole program again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install run test deep fuzz screenshots check lint types layers bench conformance docs docs-fresh clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-12s %s\n", $$1, $$2 }'

install: .venv/run.stamp ## make .venv with the hashed dependencies and the project

run: .venv/run.stamp ## start the demo country on loopback; Ctrl-C stops it (ARGS="--help" tells more)
	@$(BIN)/python -m tests.world.demo $(ARGS)

test: .venv/dev.stamp tests/npm/node_modules/installed.stamp ## install what the tests need and run them all (ARGS="..." goes to pytest)
	@.ci/components
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

deep: .venv/dev.stamp ## the properties of the card's code with 10 000 examples each
	@CI_DEEP=1 $(BIN)/python -m pytest -p no:cacheprovider --timeout 3600 tests/unit/card/test_robustness.py \
		$(addprefix tests/attacks/eid/test_,signatures.py revocation.py lists.py identity_files.py) $(ARGS)

fuzz: .venv/fuzz.stamp ## fuzz what strangers send to the card's code, by coverage (MINUTES=2 in all)
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(ARGS)

screenshots: .venv/dev.stamp ## every page in four languages and two widths, into var/screenshots
	@$(BIN)/python -m tests.world.screenshots $(ARGS)

bench: .venv/dev.stamp tests/npm/node_modules/installed.stamp ## measure beside npm oidc-provider; writes docs/reference/performance.md
	@.ci/components
	@$(BIN)/python -m tests.bench $(ARGS)

check: lint types layers docs-fresh test ## lint, types, layers, documentation and tests

lint: .venv/dev.stamp ## ruff: rules and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: .venv/dev.stamp ## mypy, strict
	@$(BIN)/mypy

layers: .venv/dev.stamp ## the import contracts
	@$(BIN)/lint-imports

docs: .venv/dev.stamp ## write the pages of docs/reference that the program generates
	@$(BIN)/python -m docs._generate

docs-fresh: .venv/dev.stamp ## generated pages are fresh; links and commands in every page exist
	@$(BIN)/python -m docs._generate --check && $(BIN)/python -m pytest tests/unit/docs

conformance: .venv/dev.stamp ## drive a conformance suite that runs (SUITE=https://host:port; ARGS="basic fapi2")
	@$(BIN)/python -m tests.conformance --suite $(SUITE) $(ARGS)

clean: ## remove caches, the virtual environment and the demo country
	@rm -rf .venv var build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/made.stamp:
	@test -n "$(PYTHON)" || { echo "Sesame needs Python 3.11 or newer with its venv module (Debian, Ubuntu: apt-get install python3-venv)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@touch $@

.venv/run.stamp: .venv/made.stamp requirements/build.txt requirements/run.txt pyproject.toml
	@$(PIP) --require-hashes -r requirements/build.txt
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

.venv/fuzz.stamp: .venv/dev.stamp requirements/fuzz.txt
	@$(PIP) --require-hashes -r requirements/fuzz.txt || $(BIN)/python -m tests.fuzz
	@touch $@

tests/npm/node_modules/installed.stamp: tests/npm/package-lock.json .venv/dev.stamp
	@cd tests/npm && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
