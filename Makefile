# Everything runs in .venv, which the first target that needs it creates from nothing but python3.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo demo-index example-numpy test check format bench bench-server acceptance clean

demo: $(VENV)/.ready
	@$(BIN)/rewheel demo

# An index server with the packages of the demo, to be looked at in a browser.
demo-index: $(VENV)/.ready-server
	@$(BIN)/rewheel demo --serve

# The real numpy in variants (examples/numpy); COMPILE=1 builds it, which takes long.
example-numpy: $(VENV)/.ready
	@$(BIN)/python examples/numpy/walk.py build/example-numpy $(if $(COMPILE),--compile)

test: $(VENV)/.ready-dev $(VENV)/.ready-peers
	$(BIN)/python -m pytest -n auto -q tests -m "not acceptance"

check: $(VENV)/.ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .import_linter_cache

format: $(VENV)/.ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

acceptance: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -q tests -m acceptance

bench: $(VENV)/.ready-dev
	$(BIN)/python benchmarks/run.py

# The index server beside others; takes minutes, and gets the others from your configured package index.
bench-server: $(VENV)/.ready-dev
	$(BIN)/python benchmarks/run.py server

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.ready: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.ready-server: $(VENV)/.ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[server]'
	@touch $@

# pip before 25.1 does not know --group, so the pip of the environment is brought up to date first.
$(VENV)/.ready-dev: $(VENV)/.ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group test --group check --editable '.[server]'
	@touch $@

# Poetry and PDM, which install from our index in the tests; each has its dependencies to itself.
$(VENV)/.ready-peers: $(VENV)/.ready
	@$(PYTHON) -m venv $(VENV)/peers/poetry
	@$(VENV)/peers/poetry/bin/python -m pip install --quiet --disable-pip-version-check 'poetry>=2.1'
	@$(PYTHON) -m venv $(VENV)/peers/pdm
	@$(VENV)/peers/pdm/bin/python -m pip install --quiet --disable-pip-version-check 'pdm[locked]>=2.20'
	@touch $@
