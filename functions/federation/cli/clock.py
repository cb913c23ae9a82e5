# SPDX-License-Identifier: Apache-2.0
"""What time is it for a person at this machine?"""

from datetime import UTC, datetime

from federation.core import instant


def now() -> str:
    """The current time, RFC 3339 in UTC."""
    return instant.text(datetime.now(UTC))
