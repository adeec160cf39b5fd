# Every target does its own set-up: Python 3.11 or newer (with venv), make and git are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The tests start many processes, each of which would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo tour test lint check-types check-imports pytest browser package pythons pictures soak soak-watch soak-processes soak-rotations year mutants bench servers rotations structure conformance providers lock clean
.DEFAULT_GOAL := test

setup: $(VENV)/.ready

# Two libraries come as source alone; what builds them is pinned, too.
$(VENV)/.ready: requirements.txt docs/deploy/build-requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 15) else "Cowbell needs Python 3.11 to 3.14")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement docs/deploy/build-requirements.txt
	$(BIN)/python -m pip install --quiet --require-hashes --no-build-isolation --requirement requirements.txt
	touch $@

# The bot in a browser, on a simulated Discord.
demo: setup
	@$(BIN)/python -m bot demo

# The same world on the console, from start to end.
tour: setup
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
	$(BIN)/pytest -n 4 --dist worksteal --hypothesis-profile=steady -m "not slow and not browser and not package"

# A real browser clicks through the demo; needs Chromium (apt install chromium), or $CHROMIUM.
browser: setup
	$(BIN)/pytest -m browser tests/browser

# Builds wheel and sdist, installs both outside the checkout, and runs the bot confined as the systemd
# unit has it; needs root for the last one, and strace.
package: setup
	$(BIN)/pytest tests/package

# `make test` on a bare Debian for each Python, 3.11, 3.13 and 3.14; needs root and debootstrap.
# SUITES="bookworm trixie sid" chooses, PYTHONS_DIR says where the Debians are kept.
pythons:
	.ci/pythons $(SUITES)

# Pictures of every card into docs/pictures; needs Chromium as above.
pictures: setup
	PYTHONPATH=.:tests $(BIN)/python tests/browser/take_pictures.py

# Soaks, and every property tried with many more examples than at each change.
soak: setup
	$(BIN)/pytest --hypothesis-profile=long -m "slow or hypothesis"

# A year of the watch over 500 domains in simulated time; `make year YEAR_SEED=7`.
YEAR_SEED ?= 1
year: setup
	$(BIN)/python -m benchmarks.simulated_year --seed $(YEAR_SEED)

# The unmodified bot with 50 commands a second while it watches 500 domains.
MINUTES ?= 30
soak-watch: setup
	PYTHONPATH=.:tests:tests/e2e $(BIN)/python -m benchmarks.watch_soak --minutes $(MINUTES)

# Three `work` and two `run` on one PostgreSQL, which are killed and cut off while 500 requests and
# 2,000 domains are under way; `make soak-processes SOAK_OPTIONS="--seed 7 --kills 20 --minutes 8"`.
SOAK_OPTIONS ?=
soak-processes: setup
	PYTHONPATH=.:tests:tests/e2e $(BIN)/python -m benchmarks.processes_soak $(SOAK_OPTIONS)

# The unmodified bot is killed 50 times at each step of rotations of DKIM keys;
# `make soak-rotations KILL_OPTIONS="--seed 7 --kills 20"`.
KILL_OPTIONS ?=
soak-rotations: setup
	PYTHONPATH=.:tests:tests/e2e $(BIN)/python -m benchmarks.rotations_kills $(KILL_OPTIONS)

# Changes the code in places that the seed chooses, and tells which changes the tests of that part do
# not notice; in copies, never here. `make mutants MUTANTS=50 MUTANT_SEED=7 PARTS="checks dns"`.
MUTANTS ?= 200
MUTANT_SEED ?= 1
PARTS ?= checks requests records dns watch
mutants: setup
	$(BIN)/python -m benchmarks.mutants --number $(MUTANTS) --seed $(MUTANT_SEED) $(PARTS)

# The openspf RFC 7208 suite, taken out of pyspf's source package, through our resolver adapter.
conformance: setup
	$(BIN)/python -m benchmarks.conformance

bench: setup
	PYTHONPATH=.:tests:tests/e2e $(BIN)/python -m benchmarks.run

# Ports and mails of real servers (Dovecot, Postfix, rspamd), judged by us, testssl.sh and rspamd; needs
# root, names the Debian packages that are missing, and installs none.
servers: setup
	PYTHONPATH=.:tests $(BIN)/python -m benchmarks.real_servers

# 10,000 mails through a real rspamd with Mailcow's signing rule while the bot switches 20 DKIM keys;
# needs root, names the Debian packages that are missing, and installs none.
ROTATION_OPTIONS ?=
rotations: setup
	PYTHONPATH=.:tests:tests/e2e $(BIN)/python -m benchmarks.rotations_real $(ROTATION_OPTIONS)

# How the modules hang together: circles, imports inside functions, and the picture of docs/architecture.md.
structure: setup
	$(BIN)/python -m benchmarks.structure --write

# What is known of each DNS provider, as a table.
providers: setup
	$(BIN)/python -m bot.records.provider_table > docs/providers.md

# Pins every version for Python 3.11 to 3.14, and apart what builds and installs; needs uv.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --group dev --extra demo pyproject.toml --output-file requirements.txt
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --group build --output-file docs/deploy/build-requirements.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
