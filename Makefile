# Everything a contributor types. `make demo` and `make test` set up what they need.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEMO := .demo
PORT ?=
TESTS ?=
WORKERS ?= 4
# Folders of unit tests; tests/conftest.py says which of their tests are slow.
FAST := tests/wire tests/translation tests/jose tests/concurrency tests/client tests/admin tests/guard tests/server
FUZZ_STREAMS ?= 100000
UV_PIN := $(shell sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements.lock)

# Tests start hundreds of Python processes: these read bytecode, and do not compile every module again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup venv demo test test-fast test-clients fuzz check docs translations audit sbom wheel image release bench bench-client clean

setup: $(READY)

# uv itself comes from the lock too; everything is installed as locked, hashes checked.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with PYTHON=...")'
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(MAKE) --no-print-directory venv
	test "$$($(BIN)/uv --version 2>/dev/null | cut -d' ' -f2)" = "$(UV_PIN)" || $(MAKE) --no-print-directory .venv/uv
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Debian and Ubuntu have half of venv in a package of its own. A folder that was left half-made is made anew.
venv:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make a virtual environment. On Debian and Ubuntu, run: apt-get install python3-venv" >&2; exit 1; }
	rm -rf .venv
	$(PYTHON) -m venv .venv

.venv/uv: requirements.lock
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	@touch $@

# make demo PORT=9000 serves there; without it on 8000, or on a free port where that is taken.
demo: setup
	rm -rf $(DEMO)
	@$(BIN)/gatepass demo --data $(DEMO) $(if $(PORT),--port $(PORT))

# TESTS names folders or files, or adds options: make test TESTS="tests/wire -x". WORKERS are processes:
# twice as many as the two cores of a small machine, as a fifth of the tests' time is waiting.
test: setup
	@bash tests/setup.sh
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(TESTS)

# The unit tests, in under a minute: no processes, browsers or PostgreSQL. TESTS names other folders, or adds options.
test-fast: setup
	$(BIN)/pytest -n 2 -m "not slow" $(TESTS) $(if $(filter-out -%,$(TESTS)),,$(FAST))

# HTTP streams, generated and made from tests/vectors/http/, against h11: FUZZ_STREAMS of them, in about
# a quarter of an hour (`make test` plays 5,000). What fails is kept in .hypothesis and tried first next time.
fuzz: setup
	FUZZ_STREAMS=$(FUZZ_STREAMS) $(BIN)/pytest -n 2 tests/server/serving/http1/test_referee.py tests/server/serving/http1/test_bodies.py

# OAuth clients of Go and Java, against a real server: they need Go, a JDK and Maven, and download their packages.
test-clients: setup
	COMPILED_CLIENTS=1 $(BIN)/pytest tests/clients/test_compiled.py $(TESTS)

# The catalogues of texts: what is new is added, what is gone is removed; then translate what is empty or fuzzy.
LOCALES := src/gatepass/translation/locales
translations: setup
	$(BIN)/pybabel -q extract -F pyproject.toml --no-default-keywords -k _ -k gettext -k ngettext:1,2 \
	  -k Message -k plural:1,2 \
	  --no-wrap --add-location=file --sort-by-file --omit-header -o $(LOCALES)/gatepass.pot .
	$(BIN)/pybabel -q update -D gatepass -i $(LOCALES)/gatepass.pot -d $(LOCALES) \
	  --no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	rm $(LOCALES)/gatepass.pot

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory docs

# The documentation site, into .site/html; a warning, such as a link that leads nowhere, is an error.
# Sphinx reads again only what has changed, and after a failure everything: warnings are not kept.
docs: setup
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --jobs auto -d .site/doctrees docs .site/html || \
	  { rm -rf .site/doctrees; exit 1; }

# Known vulnerabilities in what is locked; says so and ends well where the service is out of reach.
audit: setup
	@$(BIN)/python release/audit.py

# The bill of materials in the wheel and the lock of the image, to be written anew when the lock changes.
sbom: setup
	$(BIN)/python release/sbom.py
	$(BIN)/python release/image_lock.py

# Wheel and source distribution, into dist/. GATEPASS_REPOSITORY=https://... makes the description's links lead there.
wheel: setup
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist

# The container image, by podman or docker. The format of Docker has health checks.
image: wheel
	BUILDAH_FORMAT=docker $(or $(shell command -v podman),docker) build --file Containerfile --tag gatepass:$$($(BIN)/python -m hatchling version | tr + -) .

# Whether VERSION can be released, and what is then left to do by hand; changes nothing.
release: setup
	@$(BIN)/python release/check.py "$(VERSION)"

# Takes about a quarter of an hour; writes docs/reference/speed.md. One part: $(BIN)/python -m bench.server.peers
bench: setup
	@PYTHON=$(CURDIR)/$(BIN)/python bash bench/setup.sh
	$(BIN)/python -m bench.all

# Takes about a quarter of an hour; writes docs/reference/client-speed.md.
bench-client: setup
	@PYTHON=$(CURDIR)/$(BIN)/python bash bench/setup.sh
	$(BIN)/python -m bench.client.run

clean:
	rm -rf .venv .site tests/clients/java/target bench/peers/*/.venv bench/peers/*/node_modules $(DEMO) dist node_modules .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests bench -name __pycache__ -prune -exec rm -rf {} +
