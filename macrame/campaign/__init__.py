# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Campaigns: long lists of independent tasks, run on this machine or on a cluster.

`task` says what a task is and what its verdict depends on, `store` keeps the verdicts, `process` runs one
task in processes of its own, and `engine` runs a list of them, on this machine or through Dask.
"""
