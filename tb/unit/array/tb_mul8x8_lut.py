# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""mul8x8_lut in the simulator: all 65,536 pairs, in order and shuffled, as mul8x8 gets them."""

from tb.unit.array.tb_mul8x8 import all_pairs, shuffled_pairs

__all__ = ["all_pairs", "shuffled_pairs"]
