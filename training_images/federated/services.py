# SPDX-License-Identifier: Apache-2.0
"""What runs for as long as a consortium does, and ships nothing?

The SuperLink behind its gateway, and a SuperNode behind its door. Each reads one folder that belongs to it alone
(`--folder`), and ends together with its child process at SIGTERM. The folder of `superlink` contains ca.crt,
superlink.crt, superlink.key, and `nodes/*.node.pub` of the members to admit. The folder of `supernode` contains ca.crt,
NAME.crt, NAME.key, NAME.node, rows.npz, mask.key and roster.json; it also keeps, in `memory`, what the member remembers
of a run, and that has to outlast the SuperNode.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Final

from training_images.federated import certificates, commands
from training_images.federated.certificates import Identity
from training_images.federated.door import Consortium, door
from training_images.federated.forwarding import client_context, serving
from training_images.federated.gateway import gateway
from training_images.job.errors import CONFIGURED_WRONG, ConfigError
from training_images.job.settings import Settings
from training_images.job.unknown_settings import refuse_unknown

HERE: Final = "127.0.0.1"
_GRACE: Final = 5.0
_LOOK: Final = 0.2
_KNOWN: Final = ("rows", "memory", "key", "roster", "platform", "region", "masked", "epsilon")
_SETTINGS: Final[Mapping[str, Collection[str]]] = {
    "superlink": ("role", "folder", "port", "gateway-port", "gateway-host"),
    "supernode": ("role", "folder", "name", "gateway", "runtime-port", "apps", *_KNOWN),
}
"""Every setting must be known: a limit with a misspelt name would be no limit. No seed is among them: whoever knew it could
subtract the noise."""
_PATIENCE: Final = 60.0


def serve(settings: Settings) -> int:
    """Run until SIGTERM; return the child's exit code if it ends by itself, 42 if a setting or a file is wrong."""
    with _noting_signals() as stopped:
        try:
            role = settings.choice("role", ROLES)
            refuse_unknown(settings.given, _SETTINGS[role])
            with ROLES[role](settings, stopped) as child:
                return _exit_code(child, stopped)
        except ConfigError as error:
            if stopped.is_set():  # while the party still started
                return 0
            print(error, file=sys.stderr, flush=True)
            return CONFIGURED_WRONG


@contextmanager
def _superlink(settings: Settings, stopped: threading.Event) -> Iterator[subprocess.Popen[bytes]]:
    """Run the SuperLink on loopback and the gateway for the members; admit the registered nodes at the start."""
    folder = _folder(settings)
    own, authority = identity(folder, "superlink"), folder / "ca.crt"
    port, public = settings.integer("port", 8000, least=1), settings.integer("gateway-port", 8443, least=1)
    with ExitStack() as stack:
        child = stack.enter_context(_running(commands.superlink(own, authority, port), folder))
        _register_nodes(folder, port, lambda: child.poll() is None and not stopped.is_set())
        host = settings.text("gateway-host", HERE)  # open to other machines only if a setting says so
        stack.enter_context(serving(gateway((host, public), own, str(authority), (HERE, port))))
        print("superlink ready", flush=True)
        yield child


@contextmanager
def _supernode(settings: Settings, stopped: threading.Event) -> Iterator[subprocess.Popen[bytes]]:
    """Run a door that leads only to the gateway, and a SuperNode that knows only the door."""
    del stopped  # nothing waits while it starts
    folder, name = _folder(settings), settings.text("name")
    host, _, port = settings.text("gateway").rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigError("--gateway says where the consortium's gateway is, as HOST:PORT")
    inside = certificates.authority(folder / "door", f"{name} itself")
    consortium = Consortium(
        host=host, port=int(port), authority=str(folder / "ca.crt"), apps=settings.text("apps").split(",")
    )
    outside = identity(folder, name)
    with ExitStack() as stack:
        own_door = door((HERE, 0), inside.server(folder / "door", "door"), outside, consortium)
        stack.enter_context(serving(own_door))
        command = commands.supernode(
            (HERE, own_door.port),
            inside.certificate,
            outside.node_key,
            settings.integer("runtime-port", 9094, least=1),
            node_config(folder, settings),
        )
        yield stack.enter_context(_running(command, folder))


ROLES: Final[Mapping[str, Callable[[Settings, threading.Event], AbstractContextManager[subprocess.Popen[bytes]]]]] = {
    "superlink": _superlink,
    "supernode": _supernode,
}


def identity(folder: Path, name: str) -> Identity:
    """A party's files in its folder.

    Raises:
        ConfigError: A file is missing.
    """
    files = Identity.below(folder, name)
    for path in (files.certificate, files.key, folder / "ca.crt"):
        if not path.is_file():
            raise ConfigError(f"{path} is missing; the consortium's authority makes it (certificates.py)")
    return files


def node_config(folder: Path, settings: Settings) -> dict[str, str | int | float | bool]:
    """The ClientApp's configuration: files of the member's folder unless a setting says otherwise, and its limits."""
    config: dict[str, str | int | float | bool] = {
        "rows": str(folder / "rows.npz"),
        "memory": str(folder / "memory"),
        "key": str(folder / "mask.key"),
        "roster": str(folder / "roster.json"),
    }
    config.update({name: settings.given[name] for name in _KNOWN if name in settings.given})
    if "masked" in config:
        config["masked"] = settings.choice("masked", ("yes", "no")) == "yes"
    if "epsilon" in config:
        config["epsilon"] = settings.number("epsilon")
    return config


def _folder(settings: Settings) -> Path:
    folder = Path(settings.text("folder")).resolve()
    if not folder.is_dir():
        raise ConfigError(f"--folder {folder} is not a folder; it must contain this party's keys and certificates")
    return folder


def _register_nodes(folder: Path, port: int, alive: Callable[[], bool]) -> None:
    from training_images.federated.control import Control

    control = Control(host=HERE, port=port, context=client_context(str(folder / "ca.crt")))
    control.ready(alive, _PATIENCE)
    for public in sorted((folder / "nodes").glob("*.node.pub")):
        control.register(public)


@contextmanager
def _running(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(  # noqa: S603 - our own commands
        command, env=commands.environment(folder), stdin=subprocess.DEVNULL
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(_GRACE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _exit_code(child: subprocess.Popen[bytes], stopped: threading.Event) -> int:
    while not stopped.wait(_LOOK):
        if (code := child.poll()) is not None:
            return code
    return 0


@contextmanager
def _noting_signals() -> Iterator[threading.Event]:
    """Set an event at SIGTERM or SIGINT, from before the child is started until it has ended."""
    stopped = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
