# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrays from and to disk: .npy, .npz and delimited text in, .npy and .csv out, whole files or none."""
