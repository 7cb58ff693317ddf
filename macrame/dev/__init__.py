# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What maintaining the project takes: lint, generated files, the speed of simulation."""
