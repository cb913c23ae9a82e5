# Each target makes .venv and installs the pinned lock into it when that has not been done yet.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test check bench package generate lock clean
.DEFAULT_GOAL := test

$(READY): requirements/dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Federation needs Python 3.11, 3.12 or 3.13; say which with: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)  ## three clouds' events to a promoted release, an alarm, the roll-back; HOME_CLOUD=aws or gcp: in that cloud
	$(if $(filter aws gcp,$(HOME_CLOUD)),$(BIN)/python infra/demo.py $(HOME_CLOUD),$(BIN)/federation demo)

test: check  ## everything that CI asks
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

check: $(READY)  ## style, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python infra/check.py

bench: $(READY)  ## speed and memory, as ratios within one run
	$(BIN)/python bench/run.py

package: $(READY)  ## what is deployed: dist/federation-{aws,gcp}.zip, the same bytes from the same commit
	$(BIN)/python infra/package.py

generate: $(READY)  ## the files that are made from others: schemas in code, routes, diagram
	$(BIN)/python infra/generate.py

lock: $(READY)  ## pin again; needs uv
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade -o requirements/dev.lock

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
