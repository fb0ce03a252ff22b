# `make` alone, or `make help`, lists what there is. Needs Python >= 3.11 and make; everything else is fetched by `setup`.
ROOT := $(shell cd "$$(dirname "$(strip $(lastword $(MAKEFILE_LIST)))")" 2>/dev/null && pwd || pwd)
VENV := $(ROOT)/.venv
BIN := $(VENV)/bin
# The Python that makes .venv: PYTHON=... names one, else the first of these that is new enough.
PYTHON ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test bench soak fuzz signals lint format lock sbom audit-deps bundle
.SILENT:

help: ## this list
	echo "make TARGET, where TARGET is one of"
	sed -nE 's/^([a-z-]+):.*## (.*)$$/  \1\t\2/p' "$(ROOT)/Makefile" | expand -t 12

setup: ## .venv with the pinned dependencies, and the browser assets; quick when nothing changed
	for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if command -v "$$python" >/dev/null 2>&1 && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$python" "$(ROOT)/tools/setup.py"; \
		fi; \
	done; \
	echo "Python 3.11 or newer is needed and none was found: install it, or name one with make setup PYTHON=/path/to/python3." >&2; \
	exit 1

run: setup ## sets up what is missing, then starts the whole service and prints its address and log-ins
	cd "$(ROOT)" && exec "$(BIN)/hotline" run

test: setup ## everything CI checks: style, types, imports, Dockerfile, and all tests
	cd "$(ROOT)" && exec "$(BIN)/python" tools/check.py

lint: setup ## style, types, imports, Dockerfile and what browsers must know only
	cd "$(ROOT)" && exec "$(BIN)/python" tools/check.py --only ruff format imports hadolint chromium90 mypy

bench: setup ## the figures of docs/benchmarks.md, each against something else in the same run (more than half an hour)
	cd "$(ROOT)" && for name in pipeline claims agents live_path sharpening consoles import_rate growth rollups interaction tracing; do \
		echo "== $$name"; "$(BIN)/python" "benchmarks/$$name.py" || exit 1; \
	done && echo "== triage" && exec "$(BIN)/hotline" bench triage

soak: setup ## the whole service under traffic and random kills for MINUTES=n (5), the books at the end
	cd "$(ROOT)" && exec "$(BIN)/python" tools/soak.py --minutes $(or $(MINUTES),5)

fuzz: setup ## reads calls spoilt in every way with both engines for MINUTES=n (10); exit 1 on any fault
	cd "$(ROOT)" && exec "$(BIN)/python" tools/fuzz_reading.py --minutes $(or $(MINUTES),10)

signals: setup ## precision and recall of danger kinds and entities on calls written for them
	cd "$(ROOT)" && exec "$(BIN)/python" tools/measure_signals.py --wrong

format: setup ## rewrites the Python files in the house style
	cd "$(ROOT)" && "$(BIN)/ruff" check --fix-only --quiet . && "$(BIN)/ruff" format .

lock: setup ## resolves the dependency locks anew (LOCK_OPTIONS=--upgrade for the newest versions)
	cd "$(ROOT)" && exec "$(BIN)/python" tools/lock.py $(LOCK_OPTIONS)

sbom: setup ## the software bill of materials of the locks, CycloneDX JSON, in dist/
	cd "$(ROOT)" && exec "$(BIN)/python" tools/sbom.py

audit-deps: setup ## asks a vulnerability service about every pinned package; exit 3 where none answers
	cd "$(ROOT)" && exec "$(BIN)/python" tools/audit_dependencies.py

bundle: setup ## offline archives for x86_64 and aarch64 in dist/, the first tried in a namespace without network
	cd "$(ROOT)" && exec "$(BIN)/python" tools/build_bundle.py $(BUNDLE_OPTIONS)
