# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
#
# Each target runs a verb of `macrame`; macrame/cli/make.py says which, and which variables it takes. tools/run
# installs what is missing first. Variables reach the verb through the environment, unexpanded, so that a file may
# be called "my $matrix.npy".

TARGETS   := sim train net gemm test lint bench synth synth-table gates waves bitstream exhaustive proofs mutants \
             coverage pictures docs nightly
VARIABLES := A A_ZERO_POINT BAUD BIAS BOARD BUILD_DIR CLUSTER COLS COMPILE DEPTH ENGINE EPOCHS FORMATS HEADER HIGH \
             HOMEWORK IMAGES INDEX INPUT JOBS KEY LABELS LANES LINK LOW MEM MODE MODEL MODULES MULTIPLIER OUT PAGE \
             PLACER PLAN POST_CYCLES POST_LANES PROBLEM PROGRAM_RATE PROOFS QUANTIZE REFERENCE RELU RESULT ROWS SAMPLE \
             SCALE SEED SEEDS SHARD SIM STEPS STOP STORE TARGET TESTS TIME_FACTOR TRACE TRACE_WINDOW UNIT W WAVES \
             ZERO_POINT

given := $(foreach v,$(.VARIABLES),$(if $(findstring command line,$(origin $v)),$v))
$(foreach v,$(VARIABLES),$(if $(value $v),$(eval override $v := $$(value $v))$(eval export $v)))
export MACRAME_GIVEN := $(filter-out PYTHON VENV,$(given))
export MACRAME_GOALS := $(MAKECMDGOALS)
export PYTHON ?= python3
export VENV ?= .venv

# of `make clean`, in which a misspelt BUILD_DIR would remove another folder
foreign := $(filter-out BUILD_DIR PYTHON VENV $(if $(filter-out clean,$(MAKECMDGOALS)),$(VARIABLES)),$(given))

.DEFAULT_GOAL := help
.PHONY: help clean $(TARGETS)

help:
	@"$${PYTHON:-python3}" -m macrame.cli.make help

$(TARGETS):
	@tools/run $@

clean:
	@if [ -n "$(foreign)" ]; then \
	  echo "make: $(firstword $(foreign)) is not a variable of make clean, expected BUILD_DIR" >&2; exit 2; fi
	@build="$${BUILD_DIR:-build}"; if [ -n "$$BUILD_DIR" ] && [ -e "$$build" ] && [ ! -e "$$build/.macrame-build" ]; then \
	  echo "macrame: BUILD_DIR=$$build: not created by macrame, remove it by hand" >&2; exit 1; fi; rm -rf -- "$$build"
	@rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis
	@find . -type d \( -exec test -e {}/pyvenv.cfg \; -o -name __pycache__ -exec rm -rf {} \; \) -prune
