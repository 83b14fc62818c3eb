# `make run` and `make test` do all the set-up on a fresh machine; everything they install goes into .venv,
# except the system libraries Qt needs (installed with apt-get where that is allowed, named where it is not).

SHELL := /bin/bash
BIN   := .venv/bin

.PHONY: run test lint code format imports types wheel bench clean
.DEFAULT_GOAL := run

# With a screen: the window. Without one: the main job on the bundled network, written to ./demo.
run: .venv/.program
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
		exec $(BIN)/netbonsai; \
	else \
		echo "No screen (DISPLAY and WAYLAND_DISPLAY are not set): running the demo without a window."; \
		exec $(BIN)/netbonsai demo --out demo; \
	fi

test: .venv/.developer
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest $(TESTS)

lint: code format imports types

code: .venv/.developer
	$(BIN)/ruff check .

format: .venv/.developer
	$(BIN)/ruff format --check .

imports: .venv/.developer
	$(BIN)/lint-imports

types: .venv/.developer
	$(BIN)/pyright

wheel: .venv/.developer
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

# Prints numbers; nothing here passes or fails.
bench: .venv/.developer
	@for script in tests/benchmarks/*.py; do \
		echo; echo "== $$script"; \
		QT_QPA_PLATFORM=offscreen $(BIN)/python "$$script" || exit 1; \
	done

clean:
	rm -rf build dist demo .pytest_cache .ruff_cache .import_linter_cache
	find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps live in the environment, so that removing .venv is enough to begin afresh.
.venv/.program: pyproject.toml .ci/set-up
	.ci/set-up program
	@touch $@

.venv/.developer: .venv/.program
	.ci/set-up developer
	@touch $@
