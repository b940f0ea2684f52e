# make demo · make test · make bench · make docs · make clean: each sets up its own .venv first

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PACKAGE := $(shell git ls-files pyproject.toml constraints.txt 2>/dev/null || echo pyproject.toml constraints.txt)

.PHONY: demo test bench docs clean

demo: .venv/.demo
	$(BIN)/trainlab train mnist-mlp

# a process a core: threads of their own would only wait for each other. Tests of threads say how many they want
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses auto --dist worksteal

bench: .venv/.bench
	$(BIN)/python -m benchmarks

docs: .venv/.docs
	rm -rf build/docs
	$(BIN)/python -m docs

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1)' 2>/dev/null || { \
	  echo "trainlab needs Python 3.11 or newer as '$(PYTHON)'; name another one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "this Python has no venv module; on Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.demo: $(PACKAGE) | .venv/bin/python
	$(INSTALL) --editable .
	@touch $@

.venv/.docs: $(PACKAGE) | .venv/bin/python
	$(INSTALL) --editable '.[docs]'
	@touch $@

# torch comes first and by its exact version: a bare `pip install torch` fetches gigabytes of CUDA libraries on Linux
.venv/.dev: $(PACKAGE) | .venv/bin/python
	$(INSTALL) torch==2.13.0
	$(INSTALL) --editable '.[dev]'
	@touch $@

.venv/.bench: .venv/.dev
	$(INSTALL) --editable '.[dev,bench]'
	@touch $@

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
