# One command each: demo to look at it, test and check to change it. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
PYBABEL := $(PY) -m babel.messages.frontend
PIP := $(PY) -m pip --disable-pip-version-check --quiet install --require-hashes
LOCK := $(VENV)/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	--universal --python-version 3.11 --custom-compile-command "make lock"
ROOMS := $(wildcard tickets escalation knowledge qa reports)
KEYWORDS := -k gettext_lazy -k gettext_noop -k ngettext_lazy:1,2 -k pgettext_lazy:1c,2 -k npgettext_lazy:1c,2,3
CATALOGUES := $(wildcard helpdesk/locale/*/LC_MESSAGES/*.po)

# A desk as it would run in production, so that the deployment check looks at the settings that count.
PRODUCTION = SITE_URL=https://desk.example.com SECRET_KEY=$$(head -c 48 /dev/urandom | base64 -w 0)

.PHONY: help install demo test test-postgresql journeys faults bench fuzz check lint types house deploy-check messages lock clean

help: ## What each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

install: $(VENV)/.dev $(VENV)/.messages ## Everything to run, test and check it, into .venv

demo: $(VENV)/.runtime $(VENV)/.messages ## A living demo on PORT (8000); DATA_DIR puts its data elsewhere; Ctrl-C stops it
	@export FIRSTLINE_DEMO=1 SITE_URL="$${SITE_URL:-http://localhost:$(PORT)}"
	exec $(PY) manage.py demo --port $(PORT)

test: install ## The tests, on SQLite or on the database DATABASE_URL names
	@exec $(PY) -m pytest -n 2 --dist worksteal -q -m "not journey and not faults" $(ARGS)

journeys: install ## People's ways through the product in a real Chromium
	@exec $(PY) -m pytest tests/journeys -q $(ARGS)

fuzz: install ## The property tests, with many more examples than in `make test`
	@HYPOTHESIS_PROFILE=fuzz exec $(PY) -m pytest -n 2 -q -m "hypothesis and not journey" $(ARGS)

faults: install ## Processes killed at the worst moment, nothing lost, nothing doubled; N=1000 sends that many
	@exec $(PY) -m pytest tests/faults -q -m faults $(ARGS)

bench: install ## Our work against the floor, on PostgreSQL; apart from the tests
	@exec bash tests/bench/run.sh

check: lint types house deploy-check ## Style, types, floors, unused packages, deployment settings, missing migrations

lint: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: install
	$(VENV)/bin/mypy helpdesk tickets escalation knowledge tests

house: install
	$(VENV)/bin/lint-imports
	$(VENV)/bin/deptry .
	$(PY) -m pytest -q tests/test_floors.py tests/test_house_rules.py

deploy-check: install
	export DATA_DIR=$$(mktemp -d) $(PRODUCTION)
	trap 'rm -rf "$$DATA_DIR"' EXIT
	$(PY) manage.py check --deploy --fail-level WARNING
	$(PY) manage.py makemigrations --check --dry-run

messages: install ## Bring the catalogues of every language up to date with the words in code and pages
	trap 'rm -f helpdesk/locale/django.pot' EXIT
	$(PYBABEL) --quiet extract -F pyproject.toml --no-location --omit-header --sort-output $(KEYWORDS) \
		-o helpdesk/locale/django.pot helpdesk $(ROOMS) templates
	$(PYBABEL) --quiet update -D django -i helpdesk/locale/django.pot -d helpdesk/locale \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 120
	$(PYBABEL) --quiet compile -d helpdesk/locale -D django -f --statistics

lock: ## Resolve the newest allowed versions into the two lock files
	$(LOCK) --upgrade pyproject.toml -o requirements.txt
	$(LOCK) --upgrade pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt

clean: ## Remove what tools left behind; the desk's own data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: the environment is rebuilt only when a lock file changes.
$(VENV)/.made:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Firstline needs Python 3.11 or newer." >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV) || { echo "Cannot make .venv. On Debian: apt-get install python3-venv" >&2; exit 1; }
	touch $@

$(VENV)/.runtime: requirements.txt | $(VENV)/.made
	@echo "Installing what Firstline runs on (a minute, once) ..."
	$(PIP) -r requirements.txt
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing what tests and checks need (a minute, once) ..."
	$(PIP) -r requirements-dev.txt
	touch $@

$(VENV)/.messages: $(CATALOGUES) | $(VENV)/.runtime
	@if [ -d helpdesk/locale ]; then $(PYBABEL) --quiet compile -d helpdesk/locale -D django -f; fi
	touch $@
