# Every target makes .venv by itself the first time, and says what it does and how long that takes on two cores.
# SUBMISSIONS=, OUT=, DEVICE=, JOBS=, LIMITS=, VARIANTS= and SEEDS= pass through.
PYTHON ?= python3
SUBMISSIONS ?= submissions
OUT ?= out
DIST ?= dist
DEVICE ?= cpu
VARIANTS ?= 2
# One more than there are cores: a test that waits for a limit or for another process leaves one idle.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
SEEDS ?= 100
GRADER = .venv/bin/python -m grader

.PHONY: grade test test-browser seeds attack labs bundle verify prove bench lint jupyter .venv
grade: .venv
	@echo "Grading $(SUBMISSIONS) into $(OUT): a bar on a terminal, a table at the end."
	@$(GRADER) grade "$(SUBMISSIONS)" --out "$(OUT)" --device $(DEVICE) $(if $(JOBS),--jobs $(JOBS)) $(if $(LIMITS),--limits "$(LIMITS)"); \
	code=$$?; test $$code -gt 1 || $(GRADER) similar "$(OUT)"; exit $$code

test: .venv
	@echo "Testing on all cores: a dot a test, some ten minutes."
	.venv/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-browser: .venv
	@echo "Opening every lab in JupyterLab and a real browser: a dot a page, some minutes; pictures go to $(OUT)/screenshots."
	.venv/bin/python -m pip install --quiet --constraint .ci/constraints.txt --editable '.[browser]'
	@command -v chromium || command -v chromium-browser || command -v google-chrome || \
	{ echo "There is no Chromium on this machine. On Debian: apt-get install chromium"; exit 2; }
	SCREENSHOTS="$(abspath $(OUT))/screenshots" .venv/bin/python -m pytest tests/test_browser.py -m browser -n 2

seeds: .venv
	@echo "Holding the known forms of the stable functions against $(SEEDS) draws, and check against grading: some ten minutes for 100."
	SEEDS=$(SEEDS) .venv/bin/python -m pytest tests/test_stable_forms.py tests/test_agreement.py -n auto --dist loadgroup

attack: .venv
	@echo "Attacking the grader with notebooks of every kind: a dot an attack, a few minutes."
	.venv/bin/python -m pytest -m attack -n $(WORKERS) --dist loadfile

labs: .venv
	@echo "Building labs/ from solutions/: a line a notebook, some ten seconds."
	$(GRADER) build

bundle: .venv
	@echo "Putting together what a student gets: notebooks, package, and a page on how to begin."
	@rm -rf "$(DIST)/deep-learning-labs" && mkdir -p "$(DIST)/deep-learning-labs"
	@.venv/bin/python -m pip wheel --quiet --no-deps --wheel-dir "$(DIST)/deep-learning-labs" .
	@cp labs/*.ipynb "$(DIST)/deep-learning-labs" && cp docs/student.md "$(DIST)/deep-learning-labs/README.md"
	@cd "$(DIST)" && "$(abspath .venv/bin/python)" -m zipfile -c deep-learning-labs.zip deep-learning-labs
	@echo "$(DIST)/deep-learning-labs.zip"

verify: .venv
	@echo "Holding solutions, blank notebooks and planted mistakes against the labs: a line a lab, a few minutes."
	$(GRADER) verify --device $(DEVICE) --variants $(VARIANTS)

prove: .venv
	@echo "Proving every number and gradient that the labs expect: a line a lab; half a minute, and as much for each of VARIANTS."
	$(GRADER) verify --prove --variants $(VARIANTS)

bench: .venv
	@echo "Measuring on a machine that should do nothing else: a line a measurement, up to an hour; BENCHFLAGS=--help."
	.venv/bin/python tests/bench.py $(BENCHFLAGS)

jupyter: .venv
	@echo "Installing JupyterLab, if it is not there, and opening labs/ in it."
	.venv/bin/python -m pip install --quiet jupyterlab
	.venv/bin/jupyter lab labs

lint: .venv
	@echo "Looking at format, style and types: under a minute."
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy grader solutions tests

.venv: .venv/ready

.venv/ready: pyproject.toml .ci/constraints.txt
	@echo "Making .venv: torch and what else is needed, a gigabyte and some minutes; only this once."
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --constraint .ci/constraints.txt --editable '.[dev]'
	touch $@
