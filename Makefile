# Each target sets up what it needs by itself: .ci/bootstrap creates .venv once, and again when its lock changed.
# Nothing is needed beforehand but Python >= 3.11 with venv (or uv), make and a package index.

.DEFAULT_GOAL := help
.PHONY: help demo test test-unit test-integration test-webhook test-green-api test-coverage check bench startup interop \
	verify verify-outbox verify-inbox verify-powerloss verify-disk verify-intake verify-restarts verify-campaign verify-limits verify-writers \
	verify-logs verify-simulation verify-page verify-dashboard audit lock clean

# Bytecode must be kept, or every greenbot command starts four times slower; and our modules are found where they stand.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME

SETUP := @.ci/bootstrap
PYTHON_HERE := .venv/bin/python
# ARGS goes to pytest, or to the demo: make test ARGS="-k outbox -x", make demo ARGS=--fast
# Many tests wait for processes and servers, so there are twice as many workers as processors.
export PYTEST_XDIST_AUTO_NUM_WORKERS ?= $(shell echo $$(( 2 * $$(getconf _NPROCESSORS_ONLN) )))
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

bench:  ## every measurement, each as a ratio taken in one run
	$(SETUP)
	@.ci/bootstrap interop
	@.ci/bootstrap limiter
	$(PYTHON_HERE) -m tests.bench.everything

startup:  ## how fast a shell command is, against bare Python and the official SDK
	$(SETUP)
	@.ci/bootstrap interop
	$(PYTHON_HERE) -m tests.bench.startup $(ARGS)

interop:  ## the official Python SDK, unmodified, against the simulator
	$(SETUP)
	@.ci/bootstrap interop
	$(PYTHON_HERE) -m tests.interop.run $(ARGS)

verify:  ## everything before a release, one after the other: check, coverage, proofs, interop, measurements
	$(MAKE) check
	$(MAKE) test-coverage
	$(MAKE) verify-outbox
	$(MAKE) verify-outbox N=60 ARGS=--resend
	$(MAKE) verify-outbox N=60 ARGS=--no-serialisation
	$(MAKE) verify-inbox
	$(MAKE) verify-inbox N=60 ARGS=--ack-first
	$(MAKE) verify-powerloss
	$(MAKE) verify-powerloss N=300 ARGS=--normal
	$(MAKE) verify-disk
	$(MAKE) verify-disk N=4 ARGS=--careless
	$(MAKE) verify-intake
	$(MAKE) verify-restarts
	$(MAKE) verify-campaign
	$(MAKE) verify-limits
	$(MAKE) verify-writers
	$(MAKE) verify-logs
	$(MAKE) verify-simulation
	$(MAKE) verify-page
	$(MAKE) verify-dashboard
	$(MAKE) interop
	$(MAKE) bench

verify-outbox:  ## kill workers N times (500) and count what guests got; ARGS=--resend or --no-serialisation shows the harm
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.outbox $(if $(N),--kills $(N)) $(ARGS)

verify-inbox:  ## kill serve N times (500): every event it answered is kept and worked once; ARGS=--ack-first shows the harm
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.inbox $(if $(N),--kills $(N)) $(ARGS)

verify-powerloss:  ## replay N power cuts (1000): every event answered is on the disk; ARGS=--normal shows the harm
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.powerloss $(if $(N),--images $(N)) $(ARGS)

verify-disk:  ## let N syncs (20) of the store fail in a storm: every event answered is there; ARGS=--careless shows the harm
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.disk_failure $(if $(N),--failures $(N)) $(ARGS)

verify-intake:  ## N odd requests (1,000,000) to the service: no 5xx, no hang, what was acknowledged is stored as it came
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.intake_fuzz $(if $(N),--count $(N)) $(ARGS)

verify-restarts:  ## restart workers all the time, and count that N messages (20000) were carried out N times
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.restarts $(if $(N),--messages $(N)) $(ARGS)

verify-campaign:  ## kill a campaign of N guests (10000) ten times, and compare its report with what they got
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.campaign $(if $(N),--guests $(N)) $(ARGS)

verify-limits:  ## eight processes at one limit: no window exceeded at the server's door, all of it used, fair shares
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.limits_door $(if $(N),--seconds $(N)) $(ARGS)

verify-writers:  ## four processes write without pause: nobody waits long, everybody gets a fair share
	$(SETUP)
	$(PYTHON_HERE) -m tests.bench.writers $(ARGS)

verify-logs:  ## eight processes write N lines each (20000) through fifty rotations: none lost, torn or seen twice
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.logs $(if $(N),--lines $(N)) $(ARGS)

verify-simulation:  ## workers, breakers and reconciliation in N more seeded worlds (1000) on a virtual clock
	$(SETUP)
	$(PYTHON_HERE) -m tests.outbox.simulation.run 301-$(if $(N),$$((300 + $(N))),1300)

verify-page:  ## the monitoring page in headless Chromium: pictures, hostile names, no network, a day of it; ARGS="--shots FOLDER"
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.page $(ARGS)

verify-dashboard:  ## the dashboard in tmux at three sizes: its frames, its keys, and the terminal afterwards, whatever ended it
	$(SETUP)
	$(PYTHON_HERE) -m tests.verify.dashboard $(ARGS)

audit:  ## known vulnerabilities of the locked versions
	$(SETUP)
	$(PYTHON_HERE) -m pip_audit --requirement .ci/requirements.txt --require-hashes --disable-pip --strict

lock:  ## newest allowed versions into .ci/requirements*.txt, with hashes
	@.ci/lock

clean:  ## remove the environments and everything generated
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov build dist
	find greenbot tests -name __pycache__ -type d -prune -exec rm -rf {} +
