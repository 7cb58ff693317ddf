# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``python -m macrame``."""

import sys

from macrame.cli.main import main

sys.exit(main())
