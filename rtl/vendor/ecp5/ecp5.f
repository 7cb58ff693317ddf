// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
// Lattice ECP5: what takes the place of files of rtl/rtl.f with the same names, and what they need. Paths are relative
// to this file. A module here has the ports, latency and numbers of its namesake: tests/test_synth.py proves it.
mul16x16.v
mul18x18.v
mul34x32.v
mul8x8.v
mul9x9.v
