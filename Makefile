# The two that a newcomer needs: `make run` and `make test`. Both work on a machine with Python 3.11+, pip, git and make alone.

PORT ?= 8000
# How many test processes; each starts servers of its own.
JOBS ?= 2
# Further words for pytest, as: make test ARGS="-k accepting -x"
ARGS ?=

# The first Python that is new enough, whatever it is called.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && exit; done; echo python3)
BIN := .venv/bin
# Files go to the processes in the order they come, not the fullest first: the slowest ones have few tests, and would be left for the end.
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

.PHONY: run test check test-long test-debian bench ready ready-dev

run: ready
	@exec $(BIN)/loggia demo --port $(PORT)

test: ready-dev
	@$(PYTEST) -m "not debian" $(ARGS)

check: ready-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy forum moderation reputation crm_sync web tests
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m web.translations check
	$(BIN)/python -m web.migrations check
	$(BIN)/python -m web.policy check
	@$(BIN)/python .ci/audit.py

test-long: ready-dev
	@$(PYTEST) -m "long and not debian" --long --timeout 3600 $(ARGS)

test-debian: ready-dev
	@$(PYTEST) -m debian $(ARGS)

bench: ready-dev
	@$(BIN)/python -m tests.benchmarks $(ARGS)

ready:
	@$(PYTHON) -I web/bootstrap.py run

ready-dev:
	@$(PYTHON) -I web/bootstrap.py dev
