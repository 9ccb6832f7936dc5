.DEFAULT_GOAL := help
PYTHON ?= python
# One process of tests a core; each may take 3 GiB.
WORKERS ?= -n auto --maxprocesses 4

help:  ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install:  ## the package, as it lies here, with what its tests need
	$(PYTHON) -m pip install -q -e '.[test]'

lint:  ## ruff: rules and layout
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

test: lint  ## ruff and the tests
	$(PYTHON) -m pytest $(WORKERS)

test-slow:  ## the tests that take minutes too
	$(PYTHON) -m pytest $(WORKERS) -m 'not network and not gpu'

test-reliability:  ## each promise of docs/reliability.md, the slow tests too
	$(PYTHON) -m pytest $(WORKERS) tests/reliability -m 'not network and not gpu'

chaos:  ## one training killed 50 times, compared bit by bit with a calm one
	$(PYTHON) tools/chaos.py

bench:  ## speed of the training step, of training from files, of the embedded encoders, of search
	$(PYTHON) benchmarks/train_step.py
	$(PYTHON) benchmarks/streaming.py
	$(PYTHON) benchmarks/embedded_text.py
	$(PYTHON) benchmarks/embedded_image.py
	$(PYTHON) benchmarks/search.py

format:  ## lay the code out
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

.PHONY: help install lint test test-slow test-reliability chaos bench format
