# Everything below sets itself up in .venv at its first use; Python 3.11 to 3.13, a C compiler and make are all it needs.

VENV ?= .venv
PYTHON ?= $(shell for v in 3.12 3.11 3.13; do python$$v -c '' 2>/dev/null && echo python$$v && break; done || echo python3)
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := $(VENV)-peers
EXTRAS ?= durable,pyspark,test
TESTS ?=

# A test run starts hundreds of processes: Python keeps what it compiled, out of sight, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(abspath $(VENV))/pycache

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format lint types rules docs agreement bench bench-portfolio bench-growth bench-expressions goldens interviews kills languages pythons wheel clean

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# durable-rules has no wheels. From Python 3.13 on it names a function that is gone, and the flag gives it the new one.
# Few modules of all these packages are ever imported: Python compiles those as it meets them, so pip need not.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	CC="$(CC) -DPyEval_CallObject=PyObject_CallObject" $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-compile --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $(READY)

# An environment of their own: rule-engine wants an older python-dateutil than the one that everything is tested with.
$(PEERS)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(PEERS)
	grep -v '^python-dateutil==' constraints.txt > $(PEERS)/constraints.txt
	CC="$(CC) -DPyEval_CallObject=PyObject_CallObject" $(PEERS)/bin/python -m pip install --quiet \
	  --disable-pip-version-check --constraint $(PEERS)/constraints.txt --editable '.[peers]'
	touch $(PEERS)/.ready

setup: $(READY) ## Make the virtual environment

demo: $(READY) ## Replay the classic: why RILF left Brex Tech, and how it came back
	$(BIN)/churn-rules replay brex-rilf

test: $(READY) ## Run all tests
	$(BIN)/python -m pytest -n auto --dist worksteal $(TESTS)

check: TESTS += -m "not proof"
check: $(READY) format lint types rules docs test ## All that must hold, but for the tests that take long

format: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

rules: $(READY) ## Check all rules, and replay all cases with every engine
	$(BIN)/churn-rules check --rules rules
	$(BIN)/churn-rules replay cases tests/situations --engine durable --format json > /dev/null
	$(BIN)/churn-rules replay cases tests/situations --engine reference --format json > /dev/null
	$(BIN)/churn-rules replay cases tests/situations --engine compiled --format json > /dev/null

docs: $(READY) ## Fail where a generated page of docs/ is stale
	$(BIN)/python docs/generate.py --check

goldens: $(READY) ## Rewrite generated docs and expected texts; review them as a diff
	$(BIN)/python docs/generate.py
	CHURN_REWRITE_GOLDENS=1 $(BIN)/python -m pytest tests/test_errors.py tests/test_explanations.py tests/unit/test_plan.py \
	  tests/unit/test_wording.py

languages: $(READY) ## Bring all .po files up to date with the rules and the program, for a translator
	$(BIN)/python docs/translations.py

agreement: $(READY) ## A million random cases and two million rows of tables, every engine against the reference
	$(BIN)/python -m tests.agreement --rows 1000000 --seed 1
	$(BIN)/python -m tests.tables --rows 2000000 --seed 1

interviews: $(READY) ## 5,000 random sessions and every case, each held against asking everything
	$(BIN)/python -m tests.interviews --sessions 5000 --seed 1

kills: $(READY) ## 500 interviews killed at any moment: nothing acknowledged may be lost
	$(BIN)/python -m tests.kills --kills 500 --seed 1

bench: $(PEERS)/.ready ## Time a single case beside all peers, loading, and memory over 200,000 cases
	$(PEERS)/bin/python benchmarks/single_case.py $(BENCH)
	$(PEERS)/bin/python benchmarks/memory.py

bench-portfolio: $(PEERS)/.ready ## Time a million accounts beside all peers; make bench-portfolio ROWS=10000000
	$(PEERS)/bin/python benchmarks/portfolio.py --rows $(or $(ROWS),1000000) $(BENCH)

bench-growth: $(PEERS)/.ready ## Time how cost grows with rows and with rules
	$(PEERS)/bin/python benchmarks/growth.py $(BENCH)

bench-expressions: $(PEERS)/.ready ## Time single expressions in Polars, which decide how the columnar engine says things
	$(PEERS)/bin/python benchmarks/expressions.py $(BENCH)

pythons: ## Run the tests on every Python from 3.11 to 3.13 that is installed
	@SKIP="$(SKIP)" sh tests/on_every_python.sh $(TARGET)

wheel: $(READY) ## Build the wheel and use it away from this folder
	@sh tests/wheel_away_from_home.sh $(abspath $(BIN))/python

clean: ## Remove what was made
	rm -rf .venv .venv-3.* .venv-peers build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
