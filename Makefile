# Two commands for everybody: `make run` and `make test`. Both work from nothing but Python 3.11, make and git.
# Packages come as locked in requirements.lock, each checked against its hash. `make develop` sets up all a developer uses.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ./var
PORT ?= 8000
PYTEST ?= -n auto  # one process a core; PYTEST= for one alone
COVERAGE ?=        # COVERAGE=1 measures it too, see [tool.coverage] in pyproject.toml
WHEELHOUSE ?= # a folder made by `make wheelhouse`: install from it, without any network
COMPILE ?= --no-compile # bytecode is written at the first import; --compile where the service may not write
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := $(VENV)-lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --quiet --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.PHONY: run test test-fast route-statements lint format install install-dev develop lock wheelhouse clean

run: install  ## everything from nothing, then serve with the demo town
	XINQIAO_DATA="$(DATA)" XINQIAO_PORT="$(PORT)" $(BIN)/python -m web dev

test: lint  ## lint, types, import contracts, whole test suite
	$(BIN)/python -m pytest $(PYTEST) $(if $(COVERAGE),--cov)

test-fast: lint  ## lint, types, import contracts, pure rules: the inner loop
	$(BIN)/python -m pytest $(PYTEST) -m "not slow" tests/rules tests/architecture

route-statements: install-dev  ## count again how often each route asks the database
	$(BIN)/python -m pytest -n 0 tests/endpoints/test_route_statements.py --write-route-statements

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

develop: install-dev  ## everything a developer uses: tools, and checks before every commit
	$(BIN)/pre-commit install --install-hooks --hook-type pre-commit --hook-type commit-msg

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

ifeq ($(strip $(WHEELHOUSE)),)
$(VENV)/installed: $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "Installing $$(grep -c == requirements.lock) packages as locked in requirements.lock"
	$(PIP) install $(COMPILE) --require-hashes --requirement requirements.lock
	$(PIP) install $(COMPILE) --no-deps --no-build-isolation --editable .
	@touch $@
else
$(VENV)/installed: $(VENV)/bin/python requirements.lock
	$(PIP) install --no-index --find-links $(WHEELHOUSE) --require-hashes --requirement requirements.lock
	$(PIP) install --no-index --no-deps --force-reinstall $(WHEELHOUSE)/xinqiao-*.whl
	@touch $@
endif

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock pyproject.toml
	@echo "Installing the development tools as locked in requirements-dev.lock"
	$(PIP) install $(COMPILE) --quiet --require-hashes --requirement requirements-dev.lock
	@touch $@

lock: $(VENV)-lock/bin/uv  ## write both lock files anew; UPGRADE=1 takes the newest versions within the ranges
	$(LOCK) --extra build --output-file requirements.lock
	$(LOCK) --extra build --extra dev --constraint requirements.lock --output-file requirements-dev.lock

$(VENV)-lock/bin/uv:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check uv

wheelhouse: $(VENV)/installed  ## wheelhouse/ and its .tar: every wheel this platform needs, and ours, for machines without network
	rm -rf wheelhouse build
	$(PIP) download --quiet --only-binary :all: --require-hashes --requirement requirements.lock --dest wheelhouse
	$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir wheelhouse .
	cp -r requirements.lock web/deploy wheelhouse/  # the operator reads the handbook where there is no network
	tar -cf wheelhouse.tar wheelhouse
	@du -sh wheelhouse.tar

clean:
	rm -rf $(VENV) $(VENV)-lock var wheelhouse wheelhouse.tar build
