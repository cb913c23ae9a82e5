# SPDX-License-Identifier: Apache-2.0
"""Does an object satisfy the preconditions of a request?

https://cloud.google.com/storage/docs/request-preconditions: generation 0 means that there is no live object.
"""

from collections.abc import Mapping
from typing import Any

from infra.emulators.http_serving import Refusal

_UNMET = "At least one of the pre-conditions you specified did not hold."


def check(
    found: Mapping[str, Any] | None, query: Mapping[str, str], *, reading: bool = False, source: str = ""
) -> None:
    """Refuse unless every condition in the query holds for the object that was found.

    Args:
        found: The object's metadata, or None.
        query: Contains `ifGenerationMatch` and the like; other parameters are ignored.
        reading: A read that fails a `NotMatch` is answered 304 instead of 412.
        source: `Source` for the conditions on what is copied.

    Raises:
        Refusal: 412 or 304.
    """
    for name in ("Generation", "Metageneration"):
        now = int(found[name.lower()]) if found else 0
        wanted, unwanted = query.get(f"if{source}{name}Match"), query.get(f"if{source}{name}NotMatch")
        if wanted is not None and int(wanted) != now:
            raise Refusal(412, _UNMET)
        if unwanted is not None and int(unwanted) == now:
            raise Refusal(304, "Not Modified") if reading else Refusal(412, _UNMET)


def stated(query: Mapping[str, str]) -> bool:
    """Whether the query states any precondition."""
    return any(name.startswith("if") for name in query)
