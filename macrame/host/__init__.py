# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The host driver: convert matrices to packets, access the registers, read results back.

NumPy only. Nothing here depends on whether a simulator or a board is at the other end of the link.
"""
