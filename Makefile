# Verbs for people; the continuous check calls the same ones.
PYTHON ?= python3
BIN := .venv/bin
# Tests of one file stay in one process; more processes than cores only wait for each other.
PROCESSES ?= 2
# What failed beside others is tried once more, alone; who passes only then is too hasty: mend it.
ALONE := $(BIN)/python -m pytest --last-failed --last-failed-no-failures none --maxfail 3 -v
# Only root installs packages.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo --non-interactive)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: setup demo test alone quick browser lint format types arch docs bench certificates screenshots clean
setup: .venv/ready                     ## make .venv with every framework
demo: setup                            ## tell the whole story on real pictures
	$(BIN)/digits demo
# Threads of OpenMP that wait for work leave the core to the other process.
test alone: export OMP_WAIT_POLICY = passive
test: setup                            ## every test; the few that fail beside others are tried once more
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile || { test $$? -eq 1 && $(ALONE); }
alone:                                 ## what failed last, one at a time
	$(ALONE)
quick: setup                           ## the tests that need no framework
	$(BIN)/python -m pytest -m "not backend and not slow"
browser:                               ## install Chromium, which tests of the page drive; others are skipped without it
	command -v chromium || command -v google-chrome || { $(SUDO) apt-get update --quiet && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends chromium; }
lint: setup                            ## style of the code
	$(BIN)/ruff format --check . && $(BIN)/ruff check .
format: setup                          ## put the style right
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .
types: setup                           ## types of the core
	$(BIN)/mypy
arch: setup                            ## arrows between rooms
	$(BIN)/lint-imports
docs: setup                            ## write the generated pages of the reference
	$(BIN)/python docs/generate.py && $(BIN)/python docs/draw.py
screenshots: setup browser             ## take those of the documentation anew
	$(BIN)/python docs/screenshots.py
bench: setup                           ## ratios to hand-written loops and Keras
	$(BIN)/python -m benchmarks
certificates: setup                    ## parity of every family and solver; hours, and can be interrupted
	$(BIN)/python -m benchmarks.certificates certificates
clean:                                 ## forget the environment
	rm -rf .venv

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("DIGITS needs Python 3.11 or newer; say: make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[all,test]' --constraint constraints.txt
	touch $@
