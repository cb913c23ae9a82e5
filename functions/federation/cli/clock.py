# SPDX-License-Identifier: Apache-2.0
"""The current time, for commands."""

from datetime import UTC, datetime

from federation.core import instant


def now() -> str:
    """The current time, RFC 3339 in UTC."""
    return instant.text(datetime.now(UTC))
