# Each target says what it does in `make help`. Nothing here needs more than Python,
# make and git; what else a target needs, it names.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help up test story check bench crash services-test fmt

PYTHON ?= python3
N ?= 20
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

help:  ## Show this list
	@echo "Usage: make <target>"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment ---------------------------------------------------------------

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON). Copydesk needs Python 3.11 or newer (Debian: apt install python3)." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Copydesk needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Name another: make up PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing (Debian: apt install python3-venv)." >&2; exit 2; }
	@echo "Making .venv with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv .venv

.venv/runtime.stamp: requirements/build.in requirements/runtime.txt pyproject.toml | .venv/bin/python
	@echo "Installing what Copydesk needs (about 450 MB on disk, once)"
	@$(PIP) install --progress-bar on --require-hashes -r requirements/runtime.txt
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/runtime.stamp
	@echo "Installing what the checks and tests need"
	@$(PIP) install --progress-bar on --require-hashes -r requirements/dev.txt
	@touch $@

# For people --------------------------------------------------------------------

up: .venv/runtime.stamp  ## Start the whole desk on this machine and print its address
	@exec $(BIN)/copydesk up

# For builders ------------------------------------------------------------------

test: .venv/dev.stamp  ## Run every test that needs no outside service; with Chromium, the practice page's and one story
	@$(BIN)/python -m pytest
	@if [ -n "$(CHROMIUM)" ] && [ -d tests/stories ]; then \
	  $(BIN)/python -m pytest -m story -k "practice or smoke" tests/practice tests/stories; \
	else echo "No Chromium here, so no story was played."; fi

story: .venv/dev.stamp  ## Play the stories in a real browser (STORY=name plays one)
	@[ -n "$(CHROMIUM)" ] || { \
	  echo "The stories need Chromium (Debian: apt install chromium)." >&2; exit 2; }
	@$(BIN)/python tests/stories/play.py $(STORY)

check: .venv/dev.stamp  ## Format, lint, types, layers, migrations and the Slack manifest
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	  export DATABASE_URL="sqlite:///$$folder/check.db" && \
	  $(BIN)/alembic upgrade head && $(BIN)/alembic check
	@$(BIN)/python -m pytest -q tests/bot/test_manifest.py

fmt: .venv/dev.stamp  ## Format the code and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: .venv/dev.stamp  ## Measure the numbers that must hold
	@$(BIN)/python -m benchmarks

crash: .venv/dev.stamp  ## kill -9 at every failpoint, N times each (N=20)
	@$(BIN)/python -m tests.crash --runs $(N)

services-test: .venv/dev.stamp  ## Run the suites on PostgreSQL and Redis (COPYDESK_TEST_POSTGRES_URL, COPYDESK_TEST_REDIS_URL)
	@[ -n "$$COPYDESK_TEST_POSTGRES_URL" ] && [ -n "$$COPYDESK_TEST_REDIS_URL" ] || { \
	  echo "Set COPYDESK_TEST_POSTGRES_URL and COPYDESK_TEST_REDIS_URL." >&2; exit 2; }
	@$(BIN)/python -m pytest -m services
