# Every target makes .venv by itself the first time. SUBMISSIONS=, OUT=, DEVICE=, JOBS=, LIMITS= and VARIANTS= pass
# through.
PYTHON ?= python3
SUBMISSIONS ?= submissions
OUT ?= out
DEVICE ?= cpu
VARIANTS ?= 2
GRADER = .venv/bin/python -m grader

.PHONY: grade test attack labs verify bench lint jupyter .venv
grade: .venv
	$(GRADER) grade "$(SUBMISSIONS)" --out "$(OUT)" --device $(DEVICE) $(if $(JOBS),--jobs $(JOBS)) $(if $(LIMITS),--limits "$(LIMITS)"); \
	code=$$?; test $$code -gt 1 || $(GRADER) similar "$(OUT)"; exit $$code

test: .venv
	.venv/bin/python -m pytest -n auto --dist loadfile

attack: .venv
	.venv/bin/python -m pytest -m attack -n auto --dist loadfile

labs: .venv
	$(GRADER) build

verify: .venv
	$(GRADER) verify --device $(DEVICE) --variants $(VARIANTS)

bench: .venv
	.venv/bin/python tests/bench.py $(BENCHFLAGS)

jupyter: .venv
	.venv/bin/python -m pip install --quiet jupyterlab
	.venv/bin/jupyter lab labs

lint: .venv
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy grader solutions

.venv: .venv/ready

.venv/ready: pyproject.toml .ci/constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --constraint .ci/constraints.txt --editable '.[dev]'
	touch $@
