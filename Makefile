# `make run` and `make test` do all the set-up on a fresh machine; everything they install goes into .venv,
# except the system libraries Qt needs (installed with apt-get where that is allowed, named where it is not).

SHELL := /bin/bash
BIN   := .venv/bin

.PHONY: run test test-arm test-old lint code format imports types wheel bench clean
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
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n auto --dist loadfile $(TESTS)

# The agent on arm64 under qemu, as root; not part of `make test`. The userland stays in .venv/arm (400 MB).
test-arm: .venv/.developer
	tests/arm/userland .venv/arm
	NETBONSAI_ARM=$(CURDIR)/.venv/arm $(BIN)/python -m pytest tests/arm

# The agent with what JetPack 4.6 has on a TX2: Python 3.6 (PYTHON36), onnxruntime 1.10, OpenCV 4.5.
PYTHON36 ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.6.*/bin/python3) python3.6)
test-old: .venv/.developer
	[ -x .venv/old/bin/python ] || $(PYTHON36) -m venv .venv/old
	.venv/old/bin/pip install -q pip==21.3.1
	.venv/old/bin/pip install -q --only-binary=:all: onnxruntime==1.10.0 "numpy<1.20" "opencv-python-headless<4.6"
	NETBONSAI_OLD_PYTHON=$(CURDIR)/.venv/old/bin/python $(BIN)/python -m pytest tests/devices/test_interpreters.py

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
