# SPDX-License-Identifier: Apache-2.0
"""What is a unit called that a job ships?"""

import re
import time
from typing import Final

from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}/(?P<kind>[a-z][a-z0-9-]{0,63})-v[1-9][0-9]{0,8}")
_ORG: Final = "spiralverse"
_MINUTE: Final = 60


def unit_name(spec: JobSpec, kind: str) -> str:
    """`--unit org/kind-vN`, or else the minute as a number: a job that nobody numbered ships something newer.

    Raises:
        ConfigError: The name is of another kind, or no name.
    """
    named = spec.settings.given.get("unit")
    if named is None:
        return f"{spec.settings.text('org', _ORG)}/{kind}-v{int(time.time()) // _MINUTE}"
    match = _NAME.fullmatch(named)
    if match is None or match["kind"] != kind:
        raise ConfigError(f"--unit {named!r} is no name for a unit of kind {kind}; write ORG/{kind}-vN")
    return named
