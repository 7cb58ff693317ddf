# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
#
# Targets and their variables; what they do is elsewhere. Variables reach the programs through the environment,
# unexpanded, so that a file may be called "my $matrix.npy".

# What each target takes. One that its targets do not take is refused: a misspelt one would be ignored without a word.
TAKES_sim     := PROBLEM HOMEWORK OUT ROWS COLS DEPTH SIM SEED WAVES
TAKES_train   := EPOCHS STEPS HOMEWORK SIM SEED
TAKES_gemm    := A W OUT BIAS SCALE MODE ZERO_POINT LOW HIGH A_ZERO_POINT ROWS COLS DEPTH SIM SEED WAVES LINK
TAKES_test    := JOBS SEEDS SEED SIM WAVES
TAKES_bench   := SIM
TAKES_waves   := SIM
TAKES_nightly := $(TAKES_test)
TAKES_bitstream := BOARD BAUD SEED
TAKES_synth   := TARGET UNIT ROWS COLS DEPTH FORMATS MULTIPLIER PLACER SEEDS
TAKES_synth-table := TARGET SEEDS
TAKES_gates   := TARGET UNIT ROWS COLS DEPTH FORMATS POST_CYCLES MULTIPLIER SIM SEED
TARGETS := sim train gemm test lint bench synth synth-table gates waves bitstream exhaustive nightly

goals   := $(or $(MAKECMDGOALS),help)
taken   := $(sort $(foreach g,$(goals),$(TAKES_$g)))
given   := $(foreach v,$(.VARIABLES),$(if $(findstring command line,$(origin $v)),$v))
unknown := $(firstword $(filter-out $(taken) PYTHON PY,$(given)))
$(if $(unknown),$(error $(unknown) is no variable of make $(goals), expected \
  $(if $(taken),one of $(strip $(foreach t,$(TARGETS),$(if $(filter $t,$(goals)),$(TAKES_$t)))),none)))

VARIABLES := $(sort $(foreach t,$(TARGETS),$(TAKES_$t)))
$(foreach v,$(VARIABLES),$(if $(value $v),$(eval override $v := $$(value $v))$(eval export $v)))

PY   := .venv/bin/python
JOBS ?= auto
SEEDS ?= 1

.DEFAULT_GOAL := help
.PHONY: help sim train gemm test lint bench synth synth-table gates waves bitstream exhaustive nightly clean
.PHONY: ready-sim ready-train ready-synth ready-test
sim train gemm bench gates waves bitstream exhaustive: export MACRAME_TARGET = $@
sim train gemm bench gates waves bitstream exhaustive: export MACRAME_TAKES = $(TAKES_$@)

help:                  ## list the targets and the variables each takes
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@printf '\nVariables, as in make gemm A=a.npy W=w.npy OUT=c.npy ROWS=4:\n'
	@$(foreach t,$(TARGETS),$(if $(TAKES_$t),printf '  %-11s %s\n' '$t' '$(TAKES_$t)';))
	@printf '%s\n' '' 'ROWS COLS DEPTH shape the int8 core, WAVES=1 leaves an FST, SEED replays, LINK=serial:/dev/ttyUSB0 is' \
	  'a board. What those of gemm mean, and' \
	  'what becomes of an old OUT: .venv/bin/python -m macrame.cli.gemm --help'

sim: ready-sim         ## solve the problem sheet on the RTL (PROBLEM=4 for one, HOMEWORK=dir for your own numbers)
	@$(PY) -m macrame.homework

train: ready-train     ## train digits in bf16 on the RTL, every step equal to golden (EPOCHS=, STEPS=)
	@$(PY) -m macrame.homework.train

gemm: ready-sim        ## multiply your matrices: A=a.npy W=w.npy OUT=c.npy, with BIAS= SCALE= MODE= as wanted
	@$(PY) -m macrame.cli.gemm

test: lint             ## the whole suite, lint first (JOBS=, SEEDS=)
	@$(PY) -m pytest -n $(JOBS) --dist worksteal --seeds $(SEEDS) --junitxml=build/junit/tests.xml

lint: ready-test       ## Icarus, Verilator, Yosys and ruff; a warning is an error
	@$(PY) -m macrame.dev.lint

bench: ready-sim       ## measure the speed of simulation
	@$(PY) -m macrame.dev.bench

synth: ready-synth     ## synthesise, place and time a unit: TARGET=ecp5|ice40|gowin|xilinx (UNIT=, ROWS=, SEEDS=)
	@$(PY) -m macrame.synth

synth-table: ready-synth ## tables of arrays and cores on every target, or one (TARGET=, SEEDS=): hours at first
	@$(PY) -m macrame.synth --table

gates: ready-test      ## the benches of the RTL on its netlist, bit by bit: TARGET=ecp5|ice40 (UNIT=, ROWS=, SIM=)
	@$(PY) -m macrame.synth.gates

waves: ready-sim       ## one small case with waves, two tiles back to back, and what opens them
	@$(PY) -m macrame.dev.waves

bitstream: ready-synth ## a board's bitstream, LUTs and clock (BOARD=icebreaker or ulx3s, BAUD=)
	@$(PY) -m macrame.synth.bitstream

exhaustive: ready-test ## fp32 to bf16 on all 2^32 inputs
	@$(PY) -m macrame.dev.exhaustive

nightly: ready-test    ## the suite with its longest cases and many seeds (SEEDS=)
	@$(PY) -m pytest -n $(JOBS) --dist worksteal --nightly --seeds $(SEEDS) --junitxml=build/junit/nightly.xml

clean:                 ## remove everything built, and leave .venv
	@rm -rf build .pytest_cache .ruff_cache
	@find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

ready-sim:
	@tools/bootstrap sim

ready-train:
	@tools/bootstrap $(if $(filter icarus,$(value SIM)),sim,train)

ready-synth:
	@tools/bootstrap synth

ready-test:
	@tools/bootstrap test
