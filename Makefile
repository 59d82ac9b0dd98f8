# The two commands of the README are `make demo` and `make test`; each sets up all it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Two workers by default: the tests start daemons and encoders of their own.
JOBS ?= 2

.PHONY: demo test coverage check lint types imports unit bench soak simulate packages sbom vmtest image imagetest samples
.PHONY: hooks clean

demo: $(VENV)/.run
	@$(BIN)/mcsyncd --config config/local.yaml demo $(if $(filter headless,$(DEMO)),--headless)

# By file, so that what a module's tests share is made once (pytest-xdist 3.8 knows no groups with pytest 9.2).
test: lint types imports
	$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder -q

# Tracing takes a third of the time again, so `test` goes without.
coverage: $(VENV)/.dev
	$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder --cov --cov-report= -q
	@$(BIN)/coverage report --format=total | sed 's/^/coverage: /; s/$$/%/'

check: lint types imports unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(PYTEST) -n $(JOBS) -q -m "not slow"

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks all

# Hours: the full form of what the tests check in short. Needs root for the power cuts.
# One schedule of the simulation, or SCHEDULES of them from SEED on.
SEED ?= 0
SCHEDULES ?= 1
simulate: $(VENV)/.dev
	$(BIN)/python -m soak simulation --seed $(SEED) --schedules $(SCHEDULES)

soak: $(VENV)/.dev
	$(BIN)/python -m soak all

# dist/: the wheel, a .deb and an .rpm. Needs Python 3.11, the oldest that they serve.
packages: $(VENV)/.packages
	$(BIN)/python -m packages

# What the product is made of, with licences, as CycloneDX.
sbom: $(VENV)/.packages
	$(BIN)/python -m packages.sbom

# Installs the .deb in a Debian that really boots. Needs root, and Debian's mmdebstrap and systemd-container.
vmtest: packages
	$(BIN)/python -m vmtest

# The image of the daemon. Needs podman, or ENGINE=docker, and nothing else. Podman drops the health check of an
# image unless it is in docker's format.
ENGINE ?= podman
image:
	BUILDAH_FORMAT=docker $(ENGINE) build $(IMAGE_OPTIONS) --tag mcsyncd --file packages/Containerfile \
	  --build-arg VERSION=$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' mcsyncd/__init__.py) .

# Runs the image as docs/operations.md says, with a host in a folder. Needs root and podman.
imagetest: image $(VENV)/.dev
	$(BIN)/python -m vmtest.image

# Renders with the sample of examples/remotion and looks at every frame. Needs Node, npm and Chromium.
samples: $(VENV)/.dev
	npm install --prefix examples/remotion
	$(PYTEST) tests/playback/test_remotion.py -q

# Run the checks before each commit; CONTRIBUTING.md says which.
hooks: $(VENV)/.dev
	$(BIN)/pre-commit install

clean:
	rm -rf $(VENV) var

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'mcsyncd needs Python 3.11 or newer; name one: make PYTHON=python3.12 …' >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable . --group dev
	@touch $@ $(VENV)/.run

$(VENV)/.packages: pyproject.toml constraints.txt | $(VENV)/.dev
	$(BIN)/pip install --quiet --constraint constraints.txt --group packages
	@touch $@
