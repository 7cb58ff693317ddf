# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrays from and to disk: read .npy, .npz and delimited text; write .npy and .csv atomically."""
