# Each target sets up what it needs by itself: .ci/bootstrap creates .venv once, and again when its lock changed.
# Nothing is needed beforehand but Python >= 3.11 with venv (or uv), make and a package index.

.DEFAULT_GOAL := help
.PHONY: help demo test test-unit test-integration test-webhook test-green-api test-coverage check bench verify verify-outbox startup \
	interop audit lock clean

# Bytecode must be kept, or every greenbot command starts four times slower; and our modules are found where they stand.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME

SETUP := @.ci/bootstrap
PYTHON_HERE := .venv/bin/python
# ARGS goes to pytest, or to the demo: make test ARGS="-k outbox -x", make demo ARGS=--fast
PYTEST := $(PYTHON_HERE) -m pytest -n auto $(ARGS)

help:  ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*  ## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '  make %-18s %s\n' "$$name" "$$text"; done

demo:  ## the whole system on its simulator, in this terminal; no account needed
	$(SETUP)
	@.venv/bin/greenbot demo $(ARGS)

test:  ## every test
	$(SETUP)
	$(PYTEST)

test-unit:  ## the quick tests: no processes, no servers
	$(SETUP)
	$(PYTEST) -m "not integration"

test-integration:  ## the tests with real processes, servers and files
	$(SETUP)
	$(PYTEST) -m integration

test-webhook:  ## webhook bodies, their delivery and their simulation
	$(SETUP)
	$(PYTEST) -m webhook

test-green-api:  ## the GREEN-API catalogue, the client and the simulator
	$(SETUP)
	$(PYTEST) -m green_api

test-coverage:  ## every test, with branch coverage; fails below 85 %
	$(SETUP)
	$(PYTEST) --cov --cov-report=term

check:  ## ruff, mypy --strict, the layer tests, unused and undeclared dependencies
	$(SETUP)
	$(PYTHON_HERE) -m ruff check greenbot tests
	$(PYTHON_HERE) -m ruff format --check greenbot tests
	$(PYTHON_HERE) -m mypy
	$(PYTHON_HERE) -m pytest tests/architecture
	$(PYTHON_HERE) -m deptry .

bench: startup  ## every measurement, each as a ratio taken in one run
	$(PYTHON_HERE) -m tests.bench.queue_size

startup:  ## how fast a shell command is, against bare Python and the official SDK
	$(SETUP)
	@.ci/bootstrap interop
	$(PYTHON_HERE) -m tests.bench.startup $(ARGS)

interop:  ## the official Python SDK, unmodified, against the simulator
	$(SETUP)
	@.ci/bootstrap interop
	$(PYTHON_HERE) -m tests.interop.run $(ARGS)

verify:  ## everything before a release, one after the other: check, coverage, kill runs, interop, measurements
	$(MAKE) check
	$(MAKE) test-coverage
	$(MAKE) verify-outbox
	$(MAKE) interop
	$(MAKE) bench

verify-outbox:  ## kill workers at random, N times (500), and hold the outbox against what guests got; ARGS=--resend must fail
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.outbox $(if $(N),--kills $(N)) $(ARGS)

audit:  ## known vulnerabilities of the locked versions
	$(SETUP)
	$(PYTHON_HERE) -m pip_audit --requirement .ci/requirements.txt --require-hashes --disable-pip --strict

lock:  ## newest allowed versions into .ci/requirements*.txt, with hashes
	@.ci/lock

clean:  ## remove the environments and everything generated
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov build dist
	find greenbot tests -name __pycache__ -type d -prune -exec rm -rf {} +
