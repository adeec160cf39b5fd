# Every target does its own set-up: Python 3.11 or newer (with venv), make and git are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test lint check-types check-imports pytest soak bench conformance lock clean
.DEFAULT_GOAL := test

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 15) else "Cowbell needs Python 3.11 to 3.14")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt
	touch $@

demo: setup
	@$(BIN)/python -m bot demo --tour

test: lint check-types check-imports pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types: setup
	$(BIN)/mypy

check-imports: setup
	$(BIN)/lint-imports --no-cache

pytest: setup
	$(BIN)/pytest -n 2 -m "not slow"

# Long fuzzing and soaks, apart from the tests that every change runs.
soak: setup
	$(BIN)/pytest -m slow

# The openspf RFC 7208 suite, taken out of pyspf's source package, through our resolver adapter.
conformance: setup
	$(BIN)/python -m benchmarks.conformance

bench: setup
	$(BIN)/python -m benchmarks.run

# Pins every version for Python 3.11 to 3.14; needs uv.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --group dev --extra demo pyproject.toml --output-file requirements.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
