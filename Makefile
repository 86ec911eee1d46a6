# make run        set up .venv, then run the reference training loop under the recorder
# make test       set up .venv, then run the whole test suite
# make lint       ruff, mypy, pyright, import-linter
# make benchmark  measure what recording costs and write docs/performance.md (an hour on a quiet machine)
# make clean      remove .venv and caches
#
# PYTHON=python3.12 chooses another interpreter. pip takes its packages from where this machine's pip configuration says.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable

.PHONY: run test lint benchmark clean

run: $(VENV)/.ready
	$(BIN)/gradprobe run --max-batches 100

test: $(VENV)/.ready-test
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/.ready-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

benchmark: $(VENV)/.ready-benchmark
	$(BIN)/python -m benchmarks.overhead --write docs/performance.md
	$(BIN)/python -m benchmarks.frameworks --write docs/performance.md
	$(BIN)/python -m benchmarks.scale --write docs/performance.md

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist

# A stamp is newer than what it was installed from, so a second `make` does no set-up.
$(VENV)/.ready: $(VENV)/.made pyproject.toml constraints.txt
	$(INSTALL) .
	@touch $@

$(VENV)/.ready-%: $(VENV)/.made pyproject.toml constraints.txt
	$(INSTALL) '.[$*]'
	@touch $@ $(VENV)/.ready

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "expected Python 3.10 or newer as $(PYTHON), found none: install it (Debian, Ubuntu: apt-get install python3 python3-venv) or name another, make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "expected Python 3.10 or newer, found $$($(PYTHON) -V 2>&1): name another, make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "expected $(PYTHON) with the modules venv and ensurepip (pip), found it without: install them (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@
