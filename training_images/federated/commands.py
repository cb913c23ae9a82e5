# SPDX-License-Identifier: Apache-2.0
"""How is Flower started? By its own commands, with safe options: TLS, node authentication, no installing."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from training_images.federated.certificates import Identity
from training_images.job.errors import ConfigError

ROOT: Final = Path(__file__).resolve().parents[2]
APP: Final = Path(__file__).resolve().parent / "app"


def environment(folder: Path) -> dict[str, str]:
    """The whole environment of Flower's processes: where its commands and our code are, and a home for the fleet."""
    return {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), "/usr/bin", "/bin")),
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "functions"))),
        "HOME": str(folder),
        "FLWR_HOME": str(folder / "flower"),
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
        "FLWR_SUPEREXEC_TASK_POLL_INTERVAL": "0.2",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def superlink(server: Identity, authority: Path, port: int) -> list[str]:
    """The SuperLink, for registered nodes only; it listens on this machine only, behind the gateway."""
    return [
        _program("flower-superlink"),
        "--host=127.0.0.1",
        f"--port={port}",
        f"--ssl-certfile={server.certificate}",
        f"--ssl-keyfile={server.key}",
        f"--ssl-ca-certfile={authority}",
        "--enable-supernode-auth",
        "--disable-runtime-dependency-installation",
    ]


def supernode(
    to: tuple[str, int], authority: Path, key: Path | None, port: int, settings: Mapping[str, str | int | float | bool]
) -> list[str]:
    """A SuperNode; its own runtime endpoint listens on this machine only."""
    config = " ".join(f"{name}={json.dumps(value)}" for name, value in settings.items())
    return [
        _program("flower-supernode"),
        f"--superlink={to[0]}:{to[1]}",
        f"--root-certificates={authority}",
        *([f"--auth-supernode-private-key={key}"] if key else []),
        "--host=127.0.0.1",
        f"--port={port}",
        f"--node-config={config}",
    ]


def _program(name: str) -> str:
    """The path of a program that pip installed beside this Python."""
    program = Path(sys.executable).parent / name
    if not program.exists():
        raise ConfigError(f"{name} is not installed beside {sys.executable}; install requirements/federated.lock")
    return str(program)
