# SPDX-License-Identifier: Apache-2.0
"""What does the log say about a delivery, and does the delivery matter enough to be logged?"""

from collections.abc import Mapping
from typing import Any

from federation.sources.reading import Reading, Request


def matters(reading: Reading) -> bool:
    """Whether a person may look for this delivery: it was rejected, or it has an effect."""
    return reading.verdict != "ignore" or (reading.signal is not None and reading.signal.verdict == "accept")


def fields(request: Request, reading: Reading) -> Mapping[str, Any]:
    """The fields of the log line, beside its sentence. None of them comes from a header, where secrets are."""
    signal = reading.signal
    stated = {
        "entry": request.entry,
        "verdict": reading.verdict,
        "error": reading.error,
        "status": reading.respond,
        "message_id": reading.message_id,
        "resources": [completion.resource for completion in reading.completions] or None,
        "signal": signal.kind if signal else None,
        "key": signal.key if signal else None,
        "state": signal.state if signal else None,
        "parked": True if reading.park else None,
    }
    return {name: value for name, value in stated.items() if value is not None}
