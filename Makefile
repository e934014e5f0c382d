# Each target works as the first command on a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: demo test check bench bench-spectra bench-robustness bench-dynamics clean
.DEFAULT_GOAL := demo

$(READY): pyproject.toml constraints.txt
	@echo "setting up $(VENV) (about a minute the first time)"
	@$(PYTHON) -m venv $(VENV)
	@PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --editable ".[test,peers]"
	@touch $(READY)

demo: $(READY)  ## train the three cells on the bundled digits, draw their matrices, print and check the table
	@$(BIN)/python -m benchmarks.demo --out demo

check: $(READY)  ## style and types only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: check  ## style, types, doctests, tests, README, notebooks, each benchmark once at a small size
	$(BIN)/python -m pytest -n 2 --dist loadfile

bench: $(READY)  ## every benchmark at full size, into benchmarks/results/ (an hour)
	@for script in benchmarks/bench_*.py; do $(BIN)/python -m benchmarks.$$(basename $$script .py) || exit 1; done

bench-spectra: $(READY)  ## the pseudospectrum engine against SVD and EigTool's algorithm
	@$(BIN)/python benchmarks/bench_spectra.py

bench-robustness: $(READY)  ## the attacks against foolbox and the Adversarial Robustness Toolbox
	@$(BIN)/python -m benchmarks.bench_robustness

bench-dynamics: $(READY)  ## Jacobians, Lyapunov exponents and fixed points against the plain ways
	@for part in jacobians lyapunov fixed_points fragile; do \
		$(BIN)/python -m benchmarks.bench_$$part || exit 1; done

clean:
	rm -rf $(VENV) demo runs *.egg-info .pytest_cache .mypy_cache .ruff_cache
