# Two commands do everything: `make run` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 8000
export HOST PORT
# Servers, workers and tests start Python many times; compiling everything again each time costs more than it saves.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test setup check chaos oracle bench races format stage clean

help: ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/run.done ## start the demo clinic: web server and scheduler, sign-in names printed
	@$(BIN)/flask --app wsgi demo-clinic
	@exec $(BIN)/flask --app wsgi serve

test: $(VENV)/test.done ## run every test: both databases, browser, repository checks
	@tools/system-packages
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

setup: $(VENV)/test.done ## only make the environment, with the test tools

check: $(VENV)/test.done ## format check, lint, types, import contracts, then the tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

format: $(VENV)/test.done ## put code into shape
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

races: $(VENV)/test.done ## the last seat and one hour among fifty people, 20 times; a sheet under killed servers
	@RACE_RUNS=20 EDITOR_MARKS=40 EDITOR_KILLS=5 $(BIN)/python -m pytest -q tests/actions/test_races.py tests/flows/test_attendance_survives.py

chaos: $(VENV)/test.done ## kill 600 workers and 28 database servers in the middle of reminders, and tell 5000 histories of them
	@tools/system-packages
	@CHAOS_ROUNDS=25 REMINDER_HISTORIES=5000 $(BIN)/python -m pytest tests/flows/test_reminder_survives.py tests/flows/test_reminder_histories.py $(PYTEST_ARGS)

oracle: $(VENV)/test.done ## one person's best week against an independent model, 1,000 people
	@PLACEMENT_ORACLE_PEOPLE=1000 $(BIN)/python -m pytest tests/adapters/test_one_person_against_cpsat.py -q

bench: $(VENV)/test.done ## measure; figures quoted anywhere come from here
	@$(BIN)/python -m benchmarks

icons: $(VENV)/test.done ## draw the icons of the installed application anew
	@$(BIN)/python tools/icons.py

stage: ## list the files of one stage, e.g. make stage S=attendance
	@git ls-files "*$(S)*"

clean: ## remove the environment (the data in instance/ stays)
	rm -rf $(VENV)

$(VENV)/run.done: requirements/run.lock tools/setup
	@tools/setup run

$(VENV)/test.done: requirements/test.lock requirements/run.lock tools/setup
	@tools/setup test
