# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""One module for each module of ``rtl/arith`` (and ``rtl/array/mul8x8.v``), first plain, then vectorised."""
