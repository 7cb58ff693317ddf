# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Maintenance of the project: lint, generated files, simulation speed."""
