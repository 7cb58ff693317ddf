# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Neural networks in plain NumPy: layers, losses, training, quantisation; no files, no printing."""
