# Two commands do everything: `make demo`, then `make test`. Both install into .venv, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(shell cat pyproject.toml constraints.txt | cksum | cut -d' ' -f1)

.PHONY: demo test check lint types contracts bench clean help

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP):
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[dev]'
	rm -f $(VENV)/.installed-*
	touch $@

demo: $(STAMP) ## Audit, fine-tune, release and verify a small model in ./demo
	$(BIN)/kit demo demo --force

test: $(STAMP) ## Run every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: lint types contracts test ## Lint, types, contracts and tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

bench: $(STAMP) ## Measure what docs/benchmarks.md reports
	$(BIN)/python -m benchmarks

clean: ## Remove what was installed and built
	rm -rf $(VENV) demo dist build .mypy_cache .ruff_cache .hypothesis .import_linter_cache
