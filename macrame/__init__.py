# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""An open int8 and bfloat16 matrix core in Verilog: its host, simulators, golden model and tools."""

__version__ = "0.1.0"
