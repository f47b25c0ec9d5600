# Two commands do everything: `make demo`, then `make test`. Both install into .venv, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WANTED := $(shell cat pyproject.toml constraints.txt | cksum | cut -d' ' -f1)
TRAIN := $(VENV)/.train-$(WANTED)
DEV := $(VENV)/.dev-$(WANTED)
JS := $(VENV)/sigstore-js

.PHONY: demo test check lint types contracts bench fuzz clean help

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Compiling pays once what every start would pay where the environment forbids Python to cache.
define install
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[$(1)]'
	$(BIN)/python -m compileall -q src
	rm -f $(VENV)/.$(1)-*
	touch $@
endef

$(TRAIN):
	$(call install,train)

$(DEV):
	$(call install,dev)

demo: $(TRAIN) ## Audit, fine-tune, release and verify a small model in ./demo
	$(BIN)/kit demo demo --force

# Another verifier, in another language. Without Node or a registry the tests that need it are skipped.
$(JS):
	mkdir -p $@
	-command -v npm >/dev/null && timeout 60 npm install --silent --no-fund --no-audit --fetch-retries=0 --prefix $@ \
	  @sigstore/bundle@5 @sigstore/verify@4

test: $(DEV) $(JS) ## Run every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: lint types contracts test ## Lint, types, contracts and tests

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

contracts: $(DEV)
	$(BIN)/lint-imports

bench: $(DEV) ## Measure what docs/benchmarks.md reports
	$(BIN)/python -m benchmarks

# atheris has wheels for some versions of Python only, and belongs in nobody's way: a venv beside the other.
FUZZ_SECONDS ?= 60
FUZZ := .fuzz/venv/bin/python

$(FUZZ): | $(DEV)
	$(BIN)/python -m venv .fuzz/venv
	$(FUZZ) -m pip install --disable-pip-version-check --quiet 'atheris>=3,<4'
	$(BIN)/python -c 'import site; print(*site.getsitepackages(), "$(CURDIR)/src", sep="\n")' > "$$($(FUZZ) -c 'import site; print(site.getsitepackages()[0])')/ours.pth"

.fuzz/seeds: | $(DEV)
	KIT_FUZZ_SEEDS=.fuzz/gathered $(BIN)/python -m pytest -p tests.fuzzing.gathering tests/formats tests/scanning
	mv .fuzz/gathered $@

fuzz: $(FUZZ) .fuzz/seeds ## Fuzz every reader, FUZZ_SECONDS=60 each (READERS="pickle zip" for some)
	$(FUZZ) -m tests.fuzzing --seconds $(FUZZ_SECONDS) $(READERS)

clean: ## Remove what was installed and built
	rm -rf $(VENV) .fuzz demo dist build .mypy_cache .ruff_cache .hypothesis .import_linter_cache
