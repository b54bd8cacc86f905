# `make help` lists the commands. What they do is in tools/, in Python.
.DEFAULT_GOAL := help
.PHONY: help setup dev run test check pictures words bench lock clean
MAKEFLAGS += --no-print-directory
# Empty is off: each of the many processes that the tests start would compile everything anew.
export PYTHONDONTWRITEBYTECODE =

PORT = 8000
ARGS =
VENV_PYTHON = .venv/bin/python
# The first of these that runs here and is new enough.
PYTHON = $(shell for python in $(VENV_PYTHON) python3.11 python3 python3.12 python3.13 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

setup: ## make .venv, install the locked dependencies, fetch the browser's files
	@$(call setup_with,)

dev:
	@$(call setup_with,--dev)

run: setup ## start the service with a demo clinic on http://127.0.0.1:8000 (PORT=... for another port)
	@$(VENV_PYTHON) -m tools.run_local --port $(PORT)

test: dev ## run every test on SQLite and PostgreSQL, in Chromium and over SMTP (ARGS="..." goes to pytest)
	@$(VENV_PYTHON) -m pytest -n auto $(ARGS)

check: dev ## check format, lint, types, layers and migrations, run the tests, start once under gunicorn
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m mypy
	@$(VENV_PYTHON) -m pytest -q tests/test_layers.py
	@$(VENV_PYTHON) -m tools.check_migrations
	@$(VENV_PYTHON) -m pytest -n auto $(ARGS)
	@$(VENV_PYTHON) -m tools.check_gunicorn

pictures: dev ## take the pictures of README and docs anew, from the demo clinic in Chromium
	@PICTURES=docs/pictures $(VENV_PYTHON) -m pytest -q tests/browser/test_pictures.py tests/browser/test_mails.py

words: dev ## bring the translations up to date with the words in the code
	@$(VENV_PYTHON) -m tools.catalogue

bench: dev ## measure against the budgets: prints a table, saves bench/results/ (ARGS="..." goes to bench)
	@$(VENV_PYTHON) -m bench $(ARGS)

lock: dev ## write the lock files anew (ARGS="--upgrade" for newer versions)
	@$(VENV_PYTHON) -m tools.lock $(ARGS)

clean: ## delete everything set up, built or cached here, but never the data in instance/
	@rm -rf .venv .make node_modules scheduler/web/static/vendor bench/results \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	@find . -name instance -prune -o \( -name __pycache__ -o -name '*.mo' \) -exec rm -rf {} +

define setup_with
$(if $(PYTHON),$(PYTHON) -m tools.setup $(1),echo "Needletime needs Python 3.11 or newer: install it first (on Debian 12: apt-get install python3 python3-venv)." >&2; exit 1)
endef
