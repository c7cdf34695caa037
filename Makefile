# Two commands for everybody: `make run` and `make test`. Both work from nothing but Python 3.11, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ./var
PORT ?= 8000
PYTEST ?= -n auto  # one process a core; PYTEST= for one alone

.PHONY: run test lint format install install-dev clean

run: install  ## everything from nothing, then serve with the demo town
	XINQIAO_DATA="$(DATA)" XINQIAO_PORT="$(PORT)" $(BIN)/python -m web dev

test: lint  ## lint, types, import contracts, whole test suite
	$(BIN)/python -m pytest $(PYTEST)

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: $(VENV)/installed

install-dev: $(VENV)/installed-dev

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) var
