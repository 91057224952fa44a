# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
PYTEST := --quiet --numprocesses=auto --dist=loadfile
DEBIAN_POSTGRES := $(wildcard /usr/lib/postgresql/*/bin/postgres)

CLIENTS := tests/clients/node_modules/.package-lock.json

.PHONY: help demo serve test lint test-embedded test-debian soak bench bench-feed web requirements clean

help:
	@echo "make demo          set up, load the demo data (once), and serve on http://127.0.0.1:8000/graphql"
	@echo "make serve         set up, and serve your own data"
	@echo "make test          set up, and run every check and test"
	@echo "make soak          play 2,000 random days at the counter beside a model of the rules, and send a server 400,000"
	@echo "                   operations, bodies and frames that mean harm, each time others; and break what is beneath the"
	@echo "                   feed of three servers for an hour (hours)"
	@echo "make bench         measure against the same work done by hand, and write docs/performance.md (a quarter of an hour)"
	@echo "make bench-feed    measure the live feed with thousands of viewers beside other servers, likewise (five minutes)"
	@echo "make web           rebuild GraphiQL from web/ (needs npm)"
	@echo "make requirements  pin the newest versions that pyproject.toml allows, with their hashes"
	@echo "make clean         take the virtual environment away; your data in .armguard stays"

.venv/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "ArmGuard needs Python 3.11 or newer; say which one: make PYTHON=python3.12 ...")'
	@echo "Setting up .venv ..."
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.ready-to-test: .venv/.ready requirements-test.txt
	@echo "Adding what the tests need ..."
	@$(PIP) install --require-hashes -r requirements-test.txt
	@touch $@

# Other people's clients, which the tests try; without npm, or where it reaches no registry, that is left out. In CI it is not.
$(CLIENTS): tests/clients/package.json tests/clients/package-lock.json
	@(command -v npm >/dev/null && cd tests/clients && npm ci --silent && touch node_modules/.package-lock.json) || { \
	    test -z "$$CI" || { echo "npm must install the clients that the tests try in CI."; exit 1; }; \
	    echo "npm did not install the clients that the tests try: those tests are left out."; }

demo: .venv/.ready
	@$(BIN)/armguard demo

serve: .venv/.ready
	@$(BIN)/armguard serve

test: lint test-embedded test-debian

lint: .venv/.ready-to-test
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports

test-embedded: .venv/.ready-to-test $(CLIENTS)
	$(BIN)/python -m pytest --server=embedded $(PYTEST)

# What a server can make different, again where Debian's PostgreSQL is installed; in CI it must be.
test-debian: .venv/.ready-to-test
ifneq ($(DEBIAN_POSTGRES),)
	$(BIN)/python -m pytest --server=debian $(PYTEST)
else
	@test -z "$$CI" || { echo "Debian's PostgreSQL must be installed in CI."; exit 1; }
	@echo "Debian's PostgreSQL is not installed: the tests ran on the embedded one only."
endif

soak: .venv/.ready-to-test
	ARMGUARD_SOAK=$${ARMGUARD_SOAK:-2000} $(BIN)/python -m pytest --quiet --capture=no tests/properties tests/fuzz tests/chaos/test_feed_chaos.py

bench: .venv/.ready-to-test
	$(BIN)/python -m benchmarks --write --size 10

bench-feed: .venv/.ready-to-test
	$(BIN)/python -m benchmarks.live --write

web:
	cd web && npm ci && npm run build

requirements: .venv/.ready
	@$(PIP) install uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra build pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra build --extra test pyproject.toml -c requirements.txt -o requirements-test.txt

clean:
	rm -rf .venv
