# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
#
# Targets and their variables; what they do is elsewhere. Variables reach the programs through the environment,
# unexpanded, so that a file may be called "my $matrix.npy".

VARIABLES := SIM SEED SEEDS WAVES ROWS COLS DEPTH A W OUT BIAS SCALE MODE PROBLEM HOMEWORK
$(foreach v,$(VARIABLES),$(if $(value $v),$(eval override $v := $$(value $v))$(eval export $v)))

PY   := .venv/bin/python
JOBS ?= auto
SEEDS ?= 1

.DEFAULT_GOAL := help
.PHONY: help sim gemm test lint bench waves exhaustive nightly clean ready-sim ready-test
sim gemm bench waves exhaustive: export MACRAME_TARGET = $@

help:                  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

sim: ready-sim         ## solve the problem sheet on the RTL (PROBLEM=4 for one, HOMEWORK=dir for your own numbers)
	@$(PY) -m homework

gemm: ready-sim        ## multiply your matrices: A=a.npy W=w.npy OUT=c.npy, with BIAS= SCALE= MODE= as wanted
	@$(PY) -m sim.gemm

test: lint             ## the whole suite, lint first (JOBS=, SEEDS=)
	@$(PY) -m pytest -n $(JOBS) --dist worksteal --seeds $(SEEDS) --junitxml=build/junit/tests.xml

lint: ready-test       ## Icarus, Verilator, Yosys and ruff; a warning is an error
	@$(PY) -m tools.lint

bench: ready-sim       ## measure the speed of simulation
	@$(PY) -m tools.bench

waves: ready-sim       ## one small case with waves, two tiles back to back, and what opens them
	@$(PY) -m tools.waves

exhaustive: ready-test ## fp32 to bf16 on all 2^32 inputs
	@$(PY) -m tools.exhaustive

nightly: ready-test    ## the suite with its longest cases and many seeds (SEEDS=)
	@$(PY) -m pytest -n $(JOBS) --dist worksteal --nightly --seeds $(SEEDS) --junitxml=build/junit/nightly.xml

clean:                 ## remove everything built, and leave .venv
	@rm -rf build .pytest_cache .ruff_cache
	@find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

ready-sim:
	@tools/bootstrap sim

ready-test:
	@tools/bootstrap test
