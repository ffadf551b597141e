# Everything here works in a fresh checkout: what a target needs is installed into .venv first, exactly as locked.
#
#   make demo                                                      a CRM, an add-in page and the gateway between them
#   make demo CRM=https://crm.lan ORIGIN=https://addin.example     the same gateway before a CRM of one's own
#   make test                                                      all that CI runs

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # the first step that fails ends it, and pytest's summary is last
SHELL := /bin/sh

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CODE   := gateway tests

BENCH  := .venv-bench
EXECUTIONS ?= 10000000
JOBS       ?= $(shell nproc)
MINUTES    ?= 30

# From wherever pip is set up to fetch, a mirror of one's own included: the hashes in the lock decide what is good.
# The lock names all there is (--no-deps): left to look for extras itself, pip 23 wants a newer release than is locked.
# Not compiled: Python does that for what is imported, when it is first imported.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq

# What compiling takes. Where it is missing, the same is done in Python.
C_COMPILER := $(shell command -v cc >/dev/null && $(PYTHON) -c 'import pathlib, sysconfig; \
	print("-compiled" if (pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists() else "")' 2>/dev/null)

IN_C    := gateway/http1/compiled.c gateway/system.c
# What is compiled from Python takes in values and types of all that it imports.
TYPED   := $(foreach package,http1 cors policy config relay,$(wildcard gateway/$(package)/*.py)) \
	gateway/service/lines.py gateway/service/output.py

# Both are empty files, newer than the lock they stand for; a compiler that comes later has the gateway installed anew.
RUN     := $(VENV)/run-installed$(C_COMPILER)
TEST    := $(VENV)/test-installed
RIVALS  := $(BENCH)/installed

.PHONY: help
help:  ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# ---------------------------------------------------------------------------------------------------------- .venv

$(BIN)/python:
	@tests/make-venv $(PYTHON) $(VENV)

$(RUN): requirements/run.txt requirements/build.txt pyproject.toml setup.py $(IN_C) $(TYPED) | $(BIN)/python
	@echo "installing requirements/run.txt into $(VENV)"
	@$(PIP) install --no-deps --no-compile --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/cors-gateway version
	@touch $@

$(TEST): requirements/test.txt $(RUN)
	@echo "installing requirements/test.txt into $(VENV)"
	@$(PIP) install --no-deps --no-compile --require-hashes -r requirements/test.txt
	@touch $@

# An environment of its own: programs, and nothing that the gateway or its tests import.
$(RIVALS): requirements/bench.txt
	@tests/make-venv $(PYTHON) $(BENCH)
	@echo "installing requirements/bench.txt into $(BENCH)"
	@$(BENCH)/bin/python -m pip --disable-pip-version-check --no-input -qq install --no-deps --no-compile \
		--require-hashes -r requirements/bench.txt
	@touch $@

# --------------------------------------------------------------------------------------------------------- to see

.PHONY: demo
demo: $(RUN)  ## a badly behaved CRM, an add-in page, and the gateway between them, on loopback
	@$(BIN)/cors-gateway demo $(if $(CRM),--crm "$(CRM)") $(if $(ORIGIN),--origin "$(ORIGIN)")

# -------------------------------------------------------------------------------------------------------- to check

.PHONY: test
test: system  ## everything CI runs; the first step that fails ends it
	@$(MAKE) --no-print-directory lint types layers ratio unit coverage python # anew, since there may be a compiler now

.PHONY: lint
lint: $(TEST)  ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: types
types: $(TEST)  ## mypy and pyright, both strict, tests included
	$(BIN)/mypy
	$(BIN)/pyright

.PHONY: layers
layers: $(TEST)  ## who may import whom, and that each import is a declared dependency
	$(BIN)/lint-imports
	$(BIN)/deptry .

.PHONY: system
system:  # the packages of tests/system-packages.txt: installed as root on Debian and Ubuntu, else those missing are named
	@tests/install-system-packages

# Told and never asserted: a neighbour of the machine's would fail it.
.PHONY: ratio
ratio: $(TEST)  ## a GET's CPU time beside that of the proxy that everybody writes with aiohttp, in one run
	@$(BIN)/python -m tests.bench --programs $(BENCH) --only naive,cors-gateway --workloads get --rounds 1 2>/dev/null \
		| grep "to naive aiohttp" || echo "no ratio: make bench ONLY=naive,cors-gateway WORKLOADS=get says why"

.PHONY: unit
unit: $(TEST)  ## the tests
	$(BIN)/pytest -n 2 --dist loadgroup

# Where nothing is compiled, that is to say, which no coverage is told of.
.PHONY: coverage
coverage: $(TEST)  ## the pure packages in Python: each module covered in full by its own tests alone
	CORS_GATEWAY_NO_EXTENSIONS=1 $(BIN)/pytest -n 2 --dist loadgroup --coverage-gate \
		$(foreach package,http1 cors policy config,--cov=gateway/$(package) tests/$(package))

.PHONY: python
python: $(TEST)  ## what else is compiled, in Python; COVERAGE=1 adds that to what make coverage has
	CORS_GATEWAY_NO_EXTENSIONS=1 $(BIN)/pytest -n 2 --dist loadgroup $(if $(COVERAGE),--cov --cov-append) \
		tests/relay tests/service/test_log.py

# ------------------------------------------------------------------------------------------------------- on demand

.PHONY: fuzz
fuzz: $(TEST)  ## the properties with a hundred times the examples, then the relay's fuzz, ten million executions
	$(BIN)/pytest -m fuzz --hypothesis-profile=fuzz --timeout=0
	$(BIN)/python -m tests.relay.fuzz --executions $(EXECUTIONS) --jobs $(JOBS) $(if $(SEED),--seed $(SEED)) \
		$(if $(FIRST),--first $(FIRST))

.PHONY: mutants
mutants: $(TEST)  ## does a test fail for each small change to the pure packages? ONLY=gateway/cors/vary.py for a part
	$(BIN)/python -m tests.mutants $(ONLY)

.PHONY: faults
faults: $(TEST)  ## does the test named fail for each fault that tests/faults keeps? ONLY=pool, or a fault's name, for a part
	$(BIN)/python -m tests.faults $(ONLY)

.PHONY: load
load: $(TEST)  ## thousands of slow clients, large bodies, ever new names: speed and memory, each with its bound; 6 min
	$(BIN)/python -m tests.load

.PHONY: bench
bench: $(TEST) $(RIVALS) system  ## the gateway beside nginx, HAProxy, Apache, Caddy and Envoy, as root; an hour
	$(BIN)/python -m tests.bench --programs $(BENCH) $(if $(ONLY),--only "$(ONLY)") \
		$(if $(WORKLOADS),--workloads "$(WORKLOADS)") $(if $(SECONDS),--seconds $(SECONDS)) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: soak
soak: $(TEST)  ## reloads, renewals, deaths, restarts and a CRM that goes and comes, under 500 requests/s; MINUTES=30 of all mixed
	$(BIN)/python -m tests.soak $(MINUTES)

.PHONY: format
format: $(TEST)  ## let ruff lay out the code and mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# --------------------------------------------------------------------------------------------------------- to hand on

.PHONY: sbom
sbom: $(RUN)  ## dist/sbom.cdx.json: what the gateway is made of, with hashes and licences (CycloneDX)
	@mkdir -p dist
	$(BIN)/python deploy/sbom.py requirements/run.txt >dist/sbom.cdx.json

.PHONY: deb
deb:  ## dist/*.deb, for the Debian or Ubuntu release this runs on
	deploy/debian/build dist

LOCK := $(BIN)/uv pip compile --quiet --no-config --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: lock
lock: $(TEST)  ## requirements/ anew from pyproject.toml, each package at its newest
	$(LOCK) pyproject.toml --output-file requirements/run.txt
	$(LOCK) --group build --output-file requirements/build.txt
	$(LOCK) --group bench --output-file requirements/bench.txt
	$(LOCK) pyproject.toml --group build --group test --constraint requirements/run.txt --output-file requirements/test.txt

.PHONY: clean
clean:  ## remove what was made here
	rm -rf $(VENV) $(BENCH) dist .coverage .coverage.* htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf build *.egg-info gateway/*.so gateway/*/*.so
	find gateway tests -name __pycache__ -type d -prune -exec rm -rf {} +
