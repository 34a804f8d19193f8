# Two commands do everything: `make plan` and `make test`. Each sets up what it needs; a second run is quick.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && { echo $$p; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check

.PHONY: plan test lint validate calibrate bench setup peers clean
.DELETE_ON_ERROR:

plan: .venv/core.done
	@$(BIN)/rackloom plan examples/frontier/program.yaml --out out/frontier || [ $$? -eq 1 ]

test: .venv/peers.done
	@bash tools/browser.sh
	@$(BIN)/python -m pytest -n 2

lint: .venv/test.done
	$(BIN)/ruff check src tests tools validation benchmarks
	$(BIN)/ruff format --check src tests tools validation benchmarks
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy --no-error-summary

validate: .venv/core.done
	$(BIN)/python validation/run.py

calibrate: .venv/calibrate.done
	@test -n "$(TABLES)" || { echo "make calibrate TABLES=DIR: the folder with the measured tables (a100_sxm, h100_sxm, b200_sxm)" >&2; exit 2; }
	$(BIN)/python validation/kernels.py --tables $(TABLES)
	$(BIN)/python validation/collectives.py --tables $(TABLES)

bench: .venv/peers.done
	$(BIN)/python benchmarks/run.py

setup: .venv/core.done .venv/test.done
peers: .venv/peers.done

.venv/core.done: requirements/core.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Rackloom needs Python 3.11 or newer: install it, or run 'make PYTHON=/path/to/python3'." >&2; exit 2; }
	@echo "Setting up .venv (once; about a minute) ..." >&2
	@$(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements/core.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/test.done: .venv/core.done requirements/test.lock
	@$(PIP) --require-hashes -r requirements/test.lock
	@touch $@

.venv/peers.done: .venv/test.done requirements/peers.lock
	@$(PIP) --require-hashes -r requirements/peers.lock
	@touch $@

.venv/calibrate.done: .venv/core.done requirements/calibrate.lock
	@$(PIP) --require-hashes -r requirements/calibrate.lock
	@touch $@

clean:
	rm -rf .venv out
