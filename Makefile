# Each target makes .venv and installs the pinned lock into it when that has not been done yet.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
TRAINING := .venv-training
FLEET := .venv-federated
# A thread that waits by spinning makes small models three times slower on shared cores.
CALM := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0 TOKENIZERS_PARALLELISM=false ORT_DISABLE_TELEMETRY=1
# What is pinned for training besides what torch itself needs, which differs between CPUs and GPUs.
IMAGES := textgen_lora embedder retrieval_eval runtime_distilled inference_benchmark fusion_distill data_parallel
PIN := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet
GPU := cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime \
	nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 \
	nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx triton
BESIDE := torch filelock fsspec jinja2 markupsafe mpmath networkx setuptools sympy typing-extensions
INSTALL := -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check test-training test-images test-fleet units consortium bench package generate lock lock-training clean
.DEFAULT_GOAL := test

$(READY): requirements/dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Federation needs Python 3.11, 3.12 or 3.13; say which with: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python $(INSTALL) --no-deps --require-hashes -r requirements/dev.lock  # the lock is whole; resolved, a newer coverage[toml] is refused
	$(BIN)/python -m pip check
	$(BIN)/python $(INSTALL) --no-deps --no-build-isolation -e .
	@touch $(READY)

$(TRAINING)/.ready: requirements/training.lock
	$(PYTHON) -m venv $(TRAINING)
	$(TRAINING)/bin/python $(INSTALL) torch==2.13.0  # first and alone: an index may hold a file of it for CPUs
	$(TRAINING)/bin/python $(INSTALL) --no-deps --require-hashes -r requirements/training.lock
	$(TRAINING)/bin/python -m pip check
	$(TRAINING)/bin/python $(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(FLEET)/.ready: requirements/federated.lock
	$(PYTHON) -m venv $(FLEET)
	$(FLEET)/bin/python $(INSTALL) --no-deps --require-hashes -r requirements/federated.lock
	$(FLEET)/bin/python -m pip check
	@touch $@

demo: $(READY)  ## three clouds' events to a promoted release, an alarm, the roll-back; HOME_CLOUD=aws or gcp: in that cloud
	$(if $(filter aws gcp,$(HOME_CLOUD)),$(BIN)/python infra/demo.py $(HOME_CLOUD),$(BIN)/federation demo)

test: check  ## everything that CI asks
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

test-training: test-images test-fleet  ## what needs torch, and a fleet of Flower's on loopback; with -j 2 side by side

test-images: $(TRAINING)/.ready
	$(CALM) $(TRAINING)/bin/python -m pytest -q -n 2 --dist loadfile tests/training_runs --ignore tests/training_runs/federated

test-fleet: $(FLEET)/.ready
	$(CALM) $(FLEET)/bin/python -m pytest -q tests/training_runs/federated

units: $(TRAINING)/.ready  ## train every example unit for real and write training/examples anew
	$(TRAINING)/bin/python training/make_units.py

consortium: $(FLEET)/.ready  ## two consortia that share no row, and docs/consortium.md from what they measured
	PYTHONPATH=.:functions $(CALM) $(FLEET)/bin/python -m training_images.federated.consortium

check: $(READY)  ## style, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python infra/check.py

bench: $(READY)  ## speed and memory, as ratios within one run
	$(BIN)/python bench/run.py

package: $(READY)  ## what is deployed: dist/federation-{aws,gcp}.zip, the same bytes from the same commit
	$(BIN)/python infra/package.py

generate: $(READY)  ## the files that are made from others: schemas in code, routes, diagram
	$(BIN)/python infra/generate.py

lock: $(READY)  ## pin again; needs uv
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade -o requirements/dev.lock

lock-training:  ## pin again what learns; needs uv
	$(PIN) requirements/training.in $(foreach name,torch $(GPU),--no-emit-package $(name)) --upgrade -o requirements/training.lock
	for image in $(IMAGES); do $(PIN) training_images/$$image/requirements.in -c requirements/training.lock $(foreach name,$(GPU),--no-emit-package $(name)) --upgrade -o training_images/$$image/requirements.lock || exit 1; done
	echo torch==2.13.0 | $(PIN) - $(foreach name,$(BESIDE),--no-emit-package $(name)) --upgrade -o training_images/torch-cuda.lock

clean:
	rm -rf .venv .venv-training .venv-federated build dist .pytest_cache .mypy_cache .ruff_cache
