# SPDX-License-Identifier: Apache-2.0
"""The name of the unit that a job ships."""

import re
import time
from typing import Final

from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}/(?P<kind>[a-z][a-z0-9-]{0,63})-v[1-9][0-9]{0,8}")
_ORG: Final = "spiralverse"
_MINUTE: Final = 60


def unit_name(spec: JobSpec, kind: str) -> str:
    """The setting `unit` (org/kind-vN), or a name with the current minute as its number, so later units are newer.

    Raises:
        ConfigError: The name is of another kind, or is not a unit's name.
    """
    name = spec.settings.given.get("unit")
    if name is None:
        return _numbered_name(spec, kind)
    match = _NAME.fullmatch(name)
    if match is None or match["kind"] != kind:
        raise ConfigError(f"--unit {name!r} is no name for a unit of kind {kind}; write ORG/{kind}-vN")
    return name


def refuse_no_name(spec: JobSpec) -> None:
    """Check before training that the unit's name is valid, also for its kind if that is known.

    Raises:
        ConfigError: The name is of another kind, or is not a unit's name.
    """
    name = spec.settings.given.get("unit")
    if spec.kind:
        unit_name(spec, spec.kind)
    elif name is None:
        _numbered_name(spec, "kind")
    elif _NAME.fullmatch(name) is None:
        raise ConfigError(f"--unit {name!r} is no name for a unit; write ORG/KIND-vN in small letters")


def _numbered_name(spec: JobSpec, kind: str) -> str:
    org = spec.settings.text("org", _ORG)
    name = f"{org}/{kind}-v{int(time.time()) // _MINUTE}"
    if _NAME.fullmatch(name) is None:
        raise ConfigError(f"--org {org!r} is no name; write small letters, digits and hyphens")
    return name
