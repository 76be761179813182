# Two commands matter: `make run` and `make test`. CLIENT chooses the broker library: ib_insync (default) or ib_async.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

CLIENT ?= ib_insync
ifeq ($(filter $(CLIENT),ib_insync ib_async),)
$(error CLIENT is "$(CLIENT)"; it must be ib_insync or ib_async)
endif

# The first Python of a supported version that really starts.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)

ifeq ($(CLIENT),ib_insync)
RUN_ENV := .venv
else
RUN_ENV := .venv-$(CLIENT)
endif
DEV_ENV := .venv-test-$(CLIENT)
RUN_READY := $(RUN_ENV)/ready
DEV_READY := $(DEV_ENV)/ready
FUZZ_ENV := .venv-fuzz-$(CLIENT)
FUZZ_READY := $(FUZZ_ENV)/ready
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-input

DEMO_ARGS ?=
PYTEST_ARGS ?= -q -n auto --dist worksteal
MUTATE_ARGS ?=
FUZZ_TARGET ?= client
FUZZ_SECONDS ?= 60
PACKAGES := bot config strategies

.PHONY: help run install test both cover mutate fuzz survival unguard check format docs lock bench clean

help: ## list every target with one line
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-9s %s\n", $$1, $$2}'

run: $(RUN_READY) ## install into .venv and watch the bot guard a book through February 2018 (DEMO_ARGS="--scenario NAME")
	@$(RUN_ENV)/bin/alvh demo $(DEMO_ARGS)

install: $(RUN_READY) ## install the command into .venv (CLIENT=ib_async: into .venv-ib_async)
	@echo "ready: $(RUN_ENV)/bin/alvh"

test: $(DEV_READY) ## run every test in an environment of its own (CLIENT=ib_async, PYTEST_ARGS="-k spike")
	@$(DEV_ENV)/bin/python -m pytest $(PYTEST_ARGS)

both: ## run every test with ib_insync and again with ib_async, each in its own environment
	@$(MAKE) --no-print-directory test CLIENT=ib_insync
	@$(MAKE) --no-print-directory test CLIENT=ib_async

cover: $(DEV_READY) ## run the tests of strategies/ and fail unless they take every branch
	@$(DEV_ENV)/bin/python -m pytest tests/strategies -q --cov=strategies --cov-branch --cov-fail-under=100 \
		--cov-report=term-missing:skip-covered

mutate: $(DEV_READY) ## change strategies/ in one place at a time and see whether a test fails (MUTATE_ARGS="--write"; half an hour)
	@$(DEV_ENV)/bin/python tools/mutate.py $(MUTATE_ARGS)

fuzz: $(FUZZ_READY) ## bend inputs, guided by coverage, until one breaks something (FUZZ_TARGET=client FUZZ_SECONDS=60)
	@$(FUZZ_ENV)/bin/python tools/run_fuzz.py $(FUZZ_TARGET) --work build/fuzz --seconds $(FUZZ_SECONDS)

survival: $(DEV_READY) ## play every named drill and write docs/survival.md from what came of it
	@$(DEV_ENV)/bin/python tools/survival.py --write

unguard: $(DEV_READY) ## take one guard at a time out of a copy and see its drill fail (some minutes)
	@$(DEV_ENV)/bin/python tools/unguard.py --write

check: $(DEV_READY) ## lint, types, walls between the rooms, and whether the docs are true
	@tools/check.sh $(DEV_ENV)/bin

format: $(DEV_READY) ## lay the code out and mend what the linter can mend
	$(DEV_ENV)/bin/ruff check --fix .
	$(DEV_ENV)/bin/ruff format .

docs: $(DEV_READY) ## write the generated parts of the docs anew
	$(DEV_ENV)/bin/python tools/check_docs.py --write

lock: $(DEV_READY) ## write the hashed lock files anew (UPGRADE=1 takes newer releases)
	tools/lock.sh $(DEV_ENV)/bin/python

bench: $(DEV_READY) ## measure speed and memory (benchmarks/)
	@for f in benchmarks/*.py; do echo "== $$f"; $(DEV_ENV)/bin/python "$$f"; done

clean: ## remove environments, caches and build leftovers; settings and journals stay
	rm -rf .venv .venv-* build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# make_environment FOLDER LOCK: a fresh environment with exactly the locked files, then this folder as an editable package.
define make_environment
	@test -n "$(PYTHON)" || { echo "no Python 3.11, 3.12 or 3.13 found: install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "making $(1) with $$($(PYTHON) -V) (once; a few minutes at most)"
	@rm -rf $(1)
	@$(PYTHON) -m venv $(1) || { echo "$(PYTHON) cannot make environments: install its venv package (Debian: python3.11-venv)" >&2; exit 2; }
	@$(1)/bin/python $(PIP_INSTALL) --require-hashes -r requirements/build.txt -r $(2)
	@$(1)/bin/python $(PIP_INSTALL) --no-build-isolation --no-deps -e .
	@touch $(1)/ready
endef

$(RUN_READY): pyproject.toml requirements/build.txt requirements/$(CLIENT).txt
	$(call make_environment,$(RUN_ENV),requirements/$(CLIENT).txt)

$(DEV_READY): pyproject.toml requirements/build.txt requirements/dev-$(CLIENT).txt
	$(call make_environment,$(DEV_ENV),requirements/dev-$(CLIENT).txt)

$(FUZZ_READY): pyproject.toml requirements/build.txt requirements/dev-$(CLIENT).txt requirements/fuzz.txt
	$(call make_environment,$(FUZZ_ENV),requirements/dev-$(CLIENT).txt -r requirements/fuzz.txt)
