// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
// Lattice iCE40 UltraPlus: what takes the place of files of rtl/rtl.f with the same names. Paths are relative to this file.
// A module here has the ports, latency and numbers of its namesake: tests/test_synth.py proves it.
accumulator.v
mul8x8.v
mul8x8_pair.v
