# make run     set up what is missing, open the window
# make test    set up what is missing, run all tests
# make venv    set-up only (quiet when done)
# make lint    ruff, mypy, import rules
# make bench   speed measured against references; writes bench.json; exit status 1 when one falls short
# make bench-long  every method on every preset after equal time, time to quality against a reference, a long history in little memory, and an hour at full speed
# make app     build the one-folder app into dist/flowviz, from a clean environment, and run its self-test
# make shots   screenshots of every state of the window into shots/

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The newest of the Pythons that flowviz supports; say PYTHON=... to choose another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && { echo $$p; break; }; done)

.PHONY: run test venv lint bench bench-long app shots clean

run: $(READY)
	@.ci/system-libraries window
	@$(BIN)/flowviz

test: $(READY)
	@.ci/system-libraries window tests
	@$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal

venv: $(READY)
	@:

$(READY): requirements.lock pyproject.toml
	@.ci/system-libraries python "$(PYTHON)"
	@test -x $(BIN)/python || { echo "Making $(VENV) with $$(command -v $(PYTHON))"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the exact versions of requirements.lock"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

lint: $(READY)
	$(BIN)/ruff check flowviz tests
	$(BIN)/ruff format --check flowviz tests
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	@.ci/system-libraries window tests
	@$(BIN)/python -m tests.bench

bench-long: $(READY)
	@.ci/system-libraries window tests
	@$(BIN)/python -m tests.bench.long.methods
	@$(BIN)/python -m tests.bench.long.time_to_quality
	@$(BIN)/python -m tests.bench.long.thinning
	@$(BIN)/python -m tests.bench.long.soak

# What flowviz needs and nothing else, at the locked versions: what an app should not hold is not there to be found.
APP_ENV := build/app-env
$(APP_ENV)/.ready: requirements.lock pyproject.toml
	@.ci/system-libraries python "$(PYTHON)"
	@rm -rf $(APP_ENV) && $(PYTHON) -m venv $(APP_ENV)
	@$(APP_ENV)/bin/python -m pip install --quiet --disable-pip-version-check -c requirements.lock ".[onnx,parquet]" pyinstaller
	@$(APP_ENV)/bin/python -m pip uninstall --quiet --yes flowviz-explorer
	@$(APP_ENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# FLOWVIZ_PLAIN=1 builds dist/flowviz-plain, without the diet of build_app.spec. What was built is compared at the end.
APP := flowviz$(if $(FLOWVIZ_PLAIN),-plain)
app: $(APP_ENV)/.ready
	@start=$$SECONDS; $(APP_ENV)/bin/python -m PyInstaller --noconfirm --log-level WARN --workpath build/$(APP) build_app.spec && \
	echo "dist/$(APP): built in $$((SECONDS - start)) s"
	@dist/$(APP)/flowviz selftest
	@for folder in dist/flowviz dist/flowviz-plain; do test ! -d $$folder || \
	echo "$$folder: $$(du -sm $$folder | cut -f1) MB, $$(find $$folder -type f | wc -l) files," \
	"$$($$folder/flowviz selftest --only window | sed -n 's/^ok *window *//p')"; done

shots: $(READY)
	@.ci/system-libraries window tests
	@$(BIN)/python -m tests.shots shots

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache shots bench.json quality.json
