# make app    sets everything up and opens the app on a demo folder
# make test   sets everything up and runs every check and test
# make check  the checks alone      make bench  the benchmarks (slow, for an idle machine)
# make environments   installs the programs of others that the tests talk to, once a computer (2 GB; `make test` does it by itself)

PYTHON ?= python3
BIN := .venv/bin
export PYTHONUTF8 = 1

.PHONY: app test check bench clean environments

app: .venv/app.stamp
	$(BIN)/python -m app --demo --workspace demo-workspace

# Three rows, which leave two cores idle less than two: the tests of pages, those of the app behind them, and the checks with all
# others. The programs of others are installed beside them, once a computer; the tests that need them wait.
PAGES := tests/browser tests/integration/test_page.py tests/integration/test_export_screen.py

test: .venv/dev.stamp .venv/chromium.stamp
	@$(BIN)/python -m tests.environments > .venv/environments.log 2>&1 & \
	$(BIN)/python -m pytest -rs $(PAGES) > .venv/page-tests.log 2>&1 & pages=$$!; \
	$(BIN)/python -m pytest -rs tests/app > .venv/app-tests.log 2>&1 & app=$$!; \
	$(MAKE) check || { kill $$pages $$app; exit 1; }; \
	$(BIN)/python -m pytest -rs $(PAGES:%=--ignore=%) --ignore=tests/app; code=$$?; \
	wait $$app || code=$$?; wait $$pages || code=$$?; cat .venv/app-tests.log .venv/page-tests.log; \
	exit $$code

environments: .venv/dev.stamp
	$(BIN)/python -m tests.environments

check: .venv/dev.stamp .venv/chromium.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev.stamp .venv/chromium.stamp
	for benchmark in tests/benchmarks/*.py; do echo "== $$benchmark"; $(BIN)/python $$benchmark || exit 1; done

clean:
	rm -rf .venv demo-workspace

# The constraints are the versions that the tests passed with; they hold for every Python that has them.
.venv/app.stamp: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed; name it with: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

.venv/dev.stamp: .venv/app.stamp
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

# The system's Chromium where there is one, else Debian's package (as root), else Playwright's own download.
.venv/chromium.stamp: .venv/dev.stamp
	command -v chromium chromium-browser google-chrome >/dev/null \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	  || $(BIN)/python -m playwright install chromium
	touch $@
