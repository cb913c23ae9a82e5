# SPDX-License-Identifier: Apache-2.0
"""Which pinned distributions does a package need on its target?

The lock has versions and hashes but no dependencies, so those come from the metadata of the installed distributions.
Markers are evaluated for the target, never for this machine.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))? \\$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a package runs: a minor version of CPython on Linux, and the machine's architecture."""

    python: str
    architecture: str

    def environment(self) -> dict[str, str]:
        """The value of every marker variable (PEP 508) on the target."""
        machine = "aarch64" if self.architecture == "arm64" else self.architecture
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One entry of the lock, unchanged."""

    name: str
    marker: str | None
    text: str

    def holds(self, environment: Mapping[str, str]) -> bool:
        """Whether the entry applies to that environment."""
        return self.marker is None or Marker(self.marker).evaluate(dict(environment))


def pins(lock: str) -> Sequence[Pin]:
    """Every entry of a requirements file with hashes, as `uv pip compile --generate-hashes` writes it."""
    return [
        Pin(name=canonicalize_name(head["name"]), marker=head["marker"], text=block)
        for block in re.split(r"\n(?=\S)", lock.strip())
        if (head := _PIN.match(block.partition("\n")[0]))
    ]


def requirements(roots: Iterable[str], lock: str, target: Target, *, without: frozenset[str]) -> str:
    """The part of the lock that the roots need on the target.

    Args:
        roots: Requirements (PEP 508), as in pyproject.toml.
        lock: The whole lock.
        target: Where the package will be installed.
        without: Names that the target already has; their dependencies are left out too.

    Raises:
        SystemExit: A needed distribution is not pinned, or its metadata is not installed.
    """
    environment = target.environment()
    pinned = {pin.name: pin for pin in pins(lock) if pin.holds(environment)}
    names = sorted({name for name, _ in _closure(roots, environment, without)})
    missing = [name for name in names if name not in pinned]
    if missing:
        raise SystemExit(f"not in requirements/dev.lock: {', '.join(missing)}; run `make lock`")
    return "".join(f"{_unmarked(pinned[name])}\n" for name in names)


def _unmarked(pin: Pin) -> str:
    """The entry without its marker, which is true on the target; pip would evaluate it for this machine."""
    return pin.text.replace(f" ; {pin.marker}", "", 1) if pin.marker else pin.text


def _closure(
    roots: Iterable[str], environment: Mapping[str, str], without: frozenset[str]
) -> frozenset[tuple[str, str]]:
    """Each distribution that the roots need, once for each requested extra ("" for none)."""
    closure: set[tuple[str, str]] = set()
    todo = [Requirement(root) for root in roots]
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if name not in without and (name, extra) not in closure:
                closure.add((name, extra))
                todo += _requirements_of(name, extra, environment)
    return frozenset(closure)


def _requirements_of(name: str, extra: str, environment: Mapping[str, str]) -> Iterator[Requirement]:
    """The requirements of a distribution for one of its extras ("" for none)."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError as error:
        raise SystemExit(f"{name} is not installed, so what it needs is not known; run `make`") from error
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra}):
            yield requirement
