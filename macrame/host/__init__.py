# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What a processor beside the core does: tile matrices into packets, drive the registers, read results back.

NumPy only. Nothing here knows whether a simulator or a board is at the other end of the link.
"""
