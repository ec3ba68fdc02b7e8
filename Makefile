# make app    sets everything up and opens the app on a demo folder
# make test   sets everything up and runs every check and test
# make check  the checks alone      make bench  the benchmarks (slow, for an idle machine)
# make label-studio   installs the Label Studio that the tests talk to, once a computer (1 GB; `make test` does it by itself)

PYTHON ?= python3
BIN := .venv/bin
export PYTHONUTF8 = 1

.PHONY: app test check bench clean label-studio

app: .venv/app.stamp
	$(BIN)/python -m app --demo --workspace demo-workspace

# Two rows that take about equally long: the tests of pages, and the checks with all other tests. Label Studio is installed beside
# them, once a computer; the tests that need it wait for it.
PAGES := tests/browser tests/integration/test_page.py tests/integration/test_export_screen.py

test: .venv/dev.stamp .venv/chromium.stamp
	@$(BIN)/python -m tests.integration.server > .venv/label-studio.log 2>&1 & \
	$(BIN)/python -m pytest -rs $(PAGES) > .venv/browser-tests.log 2>&1 & browser=$$!; \
	$(MAKE) check || { kill $$browser; exit 1; }; \
	$(BIN)/python -m pytest -rs $(PAGES:%=--ignore=%); others=$$?; \
	wait $$browser; browser=$$?; cat .venv/browser-tests.log; \
	exit $$((others ? others : browser))

label-studio: .venv/dev.stamp
	$(BIN)/python -m tests.integration.server

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
