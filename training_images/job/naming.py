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
        return _numbered(spec, kind)
    match = _NAME.fullmatch(named)
    if match is None or match["kind"] != kind:
        raise ConfigError(f"--unit {named!r} is no name for a unit of kind {kind}; write ORG/{kind}-vN")
    return named


def refuse_no_name(spec: JobSpec) -> None:
    """Settle before anything is learned that the unit can be called so, as far as its kind is known by then.

    Raises:
        ConfigError: It is of another kind, or no name.
    """
    named = spec.settings.given.get("unit")
    if spec.kind:
        unit_name(spec, spec.kind)
    elif named is None:
        _numbered(spec, "kind")
    elif _NAME.fullmatch(named) is None:
        raise ConfigError(f"--unit {named!r} is no name for a unit; write ORG/KIND-vN in small letters")


def _numbered(spec: JobSpec, kind: str) -> str:
    org = spec.settings.text("org", _ORG)
    name = f"{org}/{kind}-v{int(time.time()) // _MINUTE}"
    if _NAME.fullmatch(name) is None:
        raise ConfigError(f"--org {org!r} is no name; write small letters, digits and hyphens")
    return name
