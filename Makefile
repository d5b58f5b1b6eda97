# Everything one does here, from a bare checkout on: each target sets up what it needs (scripts/bootstrap, into .venv).
# More arguments for pytest or segspark: make test ARGS="-k merge -x"

.DEFAULT_GOAL := help
ENV := . .venv/env.sh &&
# A notice of mkdocs-material's makers about the future of MkDocs, at each build.
export NO_MKDOCS_2_WARNING := 1
ARGS ?=
# Two processes, each with the files that it takes: most of what a Spark test does is done by one core.
PARALLEL ?= -n 2 --dist loadfile

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: ## make or renew .venv (done by the other targets, too)
	@sh scripts/bootstrap

.PHONY: demo
demo: setup ## segment the customers of a real retailer, start to finish
	$(ENV) .venv/bin/segspark demo --config conf/demo.yaml $(ARGS)

.PHONY: demo-stream
demo-stream: setup ## replay a day of the demo into a Kafka broker, and see customers move and triggers fire
	@sh scripts/install-kafka
	$(ENV) PYTHONPATH=. python examples/demo_stream.py $(ARGS)

.PHONY: test
test: lint ## lint, types, layers and all quick tests
	$(ENV) python -m pytest -m "not slow" --durations 25 --timeout 600 $(PARALLEL) $(ARGS)

.PHONY: test-all
test-all: setup ## the slow tests (whole commands, browser, cluster) and the documentation's build
	@sh scripts/install-chromium
	@sh scripts/install-postgres
	@sh scripts/install-kafka
	$(ENV) python -m pytest -m slow --durations 25 $(PARALLEL) $(ARGS)
	$(ENV) mkdocs build --strict

.PHONY: test-long
test-long: setup ## ingest killed before each of its writes, and divided in twenty ways; a stream killed 50 times (two hours)
	@sh scripts/install-kafka
	$(ENV) SEGSPARK_LONG=1 python -m pytest -m slow tests/e2e/test_ingest.py tests/integration/test_stream.py $(ARGS)

.PHONY: lint
lint: setup ## style, formatting, types and layers, changing nothing
	$(ENV) ruff check .
	$(ENV) ruff format --check .
	$(ENV) mypy
	$(ENV) lint-imports

.PHONY: format
format: setup ## put style and formatting right where a tool can
	$(ENV) ruff check --fix .
	$(ENV) ruff format .

.PHONY: docs
docs: setup ## build the documentation into site/
	$(ENV) mkdocs build --strict

.PHONY: bench-demo
bench-demo: setup ## wall time and peak memory of the demo, first and second run
	$(ENV) python benchmarks/demo.py $(ARGS)

.PHONY: demo-verdict
demo-verdict: setup ## the demo's decision table, and the verdict on its columns shuffled apart, into docs/demo.md
	$(ENV) PYTHONPATH=. python benchmarks/verdict.py

.PHONY: bench-ingest
bench-ingest: setup ## ingest of 10 million dirty rows against plain Spark (ARGS="--rows 1000000" for less)
	$(ENV) PYTHONPATH=. python benchmarks/ingest.py $(ARGS)

.PHONY: bench-features
bench-features: setup ## features of 50 million events against DuckDB and plain PySpark (ARGS="--events 5000000" for less)
	$(ENV) python benchmarks/features.py $(ARGS)

.PHONY: calibrate
calibrate: setup ## the structure guard on sets of known structure (ARGS="--singles 100 --mixtures 40" for less)
	$(ENV) PYTHONPATH=. python benchmarks/calibrate.py $(ARGS)

.PHONY: bench-train
bench-train: setup ## the model search against MLlib, scikit-learn and faiss (ARGS="--customers 100000" for less)
	$(ENV) python benchmarks/train.py $(ARGS)

.PHONY: bench-assign
bench-assign: setup ## assigning 10 million customers night after night against an unconditional MERGE (ARGS="--customers 1000000")
	$(ENV) PYTHONPATH=. python benchmarks/assign.py $(ARGS)

.PHONY: bench-flapping
bench-flapping: setup ## how often customers change segments night after night, with and without holding them
	$(ENV) PYTHONPATH=. python benchmarks/flapping.py $(ARGS)

.PHONY: bench-pipeline
bench-pipeline: setup ## events to assignments against DuckDB with scikit-learn, and plain PySpark (ARGS="--events 5000000")
	$(ENV) python benchmarks/pipeline.py $(ARGS)

.PHONY: bench-stream
bench-stream: setup ## seconds from an event in Kafka to what it triggers, and events a second (ARGS="--seconds 60")
	@sh scripts/install-kafka
	$(ENV) PYTHONPATH=. python benchmarks/stream.py $(ARGS)

.PHONY: bench-dashboard
bench-dashboard: setup ## size, and seconds to the first picture, of a dashboard of 20 segments, 60 months, 500 features
	$(ENV) PYTHONPATH=. python benchmarks/dashboard.py $(ARGS)

.PHONY: wheel
wheel: setup ## build the wheel into dist/, for pip and for spark-submit --py-files
	rm -rf build dist
	$(ENV) python -m build --wheel --no-isolation

.PHONY: lock
lock: ## resolve all dependencies anew into constraints.txt
	sh scripts/lock

.PHONY: try-bare
try-bare: ## the README's commands on a bare Debian 12 (root; TRY="demo" or "demo test")
	bash scripts/try-bare

.PHONY: clean
clean: ## remove .venv and everything built, but no data and no tables
	rm -rf .venv build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
