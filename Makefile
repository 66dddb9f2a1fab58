# The two commands of a fresh machine are `make demo` and `make test`; both set up `.venv` first.
PYTHON ?= python3
BIN := .venv/bin

# First-use compilations of the tools stay in this checkout.
export YOWASP_CACHE_DIR := $(CURDIR)/.venv/yowasp-cache
export ZIG_GLOBAL_CACHE_DIR := $(CURDIR)/.venv/zig-cache

.PHONY: demo test test-all bench bench-hw docs lint doctor setup clean distclean

# The main job on real data, from training to bitstream and report.
demo: setup
	$(BIN)/hrsnn run experiments/digits.toml

# Everything quick, on all cores.
test: setup
	$(BIN)/python -m pytest -n auto -m "not slow" tests

# The slow tests too.
test-all: setup
	$(BIN)/python -m pytest -n auto tests

bench: setup
	$(BIN)/hrsnn bench engine --peers
	$(BIN)/hrsnn bench core

# The core on real parts: clock, resources and cycles beside the targets and other cores.
bench-hw: setup
	$(BIN)/hrsnn bench hardware

# The pages of docs/ as a site in build/site.
docs: setup
	$(BIN)/mkdocs build --strict

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

doctor: setup
	$(BIN)/hrsnn doctor

setup:
	@$(PYTHON) bootstrap.py

# What a build leaves; results in runs/ and the environment stay.
clean:
	rm -rf build dist .pytest_cache .hypothesis .ruff_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv
