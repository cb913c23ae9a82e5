# SPDX-License-Identifier: Apache-2.0
"""How is a whole consortium run on one machine, with every part as it would be on a machine of its own?

Every party is a process of this image in its own role, with its own folder: a SuperLink on loopback behind the gateway,
and for every member a SuperNode behind its door. Ports are free ones. Only the fleet's folder outlives the fleet.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from training_images.federated import certificates, commands, masking, parting, results
from training_images.federated.certificates import Authority
from training_images.federated.control import Control, app_digest
from training_images.federated.forwarding import client_context
from training_images.federated.parting import Rows
from training_images.federated.results import Result
from training_images.federated.rounds import Plan
from training_images.job.errors import ConfigError

HERE: Final = "127.0.0.1"
_GRACE: Final = 8.0
_LOOK: Final = 0.2
_PATIENCE: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSetup:
    """A member before it starts: its rows, where they lie, and its own limits, as settings of the role `supernode`."""

    rows: Rows
    platform: str = "local"
    region: str = "local"
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A running fleet; made by `running_fleet`."""

    folder: Path
    authority: Authority
    superlink: int
    gateway: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, settings: Mapping[str, str]) -> None:
        """Start a party in its role; its output goes into `<name>.log`."""
        words = [f"--{setting}={value}" for setting, value in settings.items()]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "training_images.federated", *words],
                env=commands.environment(self.folder),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """Kill a party without warning, as when a machine is lost."""
        _signal(self.processes.pop(name), signal.SIGKILL)

    def output(self, name: str) -> str:
        """The output of a party."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def wait_for(self, name: str, words: str) -> None:
        """Wait until a party prints these words.

        Raises:
            ConfigError: The party ended without them, or took too long.
        """
        deadline = time.monotonic() + _PATIENCE
        while words not in self.output(name):
            is_over = self.processes[name].poll() is not None
            if (is_over and words not in self.output(name)) or time.monotonic() > deadline:
                raise ConfigError(f"{name} did not get as far as {words!r}: {self.output(name)[-600:]}")
            time.sleep(_LOOK)

    def control(self) -> Control:
        """The SuperLink's control endpoint, reached from this machine."""
        return Control(host=HERE, port=self.superlink, context=client_context(str(self.authority.certificate)))

    def submit(self, plan: Plan, patience: float) -> Path:
        """Start a run; return the folder in which its result will lie."""
        place = self.folder / "results" / plan.run
        self.control().start({"plan": results.encode_plan(plan), "result": str(place), "patience": patience})
        return place

    def run(self, plan: Plan, *, patience: float, limit: float) -> Result:
        """Start a run and wait for its result.

        Raises:
            TooFewError: The run ended without a result.
            ConfigError: The run did not end within `limit` seconds.
        """
        return self.wait_for_result(self.submit(plan, patience), limit)

    def wait_for_result(self, place: Path, limit: float) -> Result:
        """Wait for the result of a run that was started; raises as `run` does."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if (result := results.read_result(place)) is not None:
                return result
            if self.processes["superlink"].poll() is not None:
                raise ConfigError(f"the SuperLink ended: {self.output('superlink')[-400:]}")
            time.sleep(_LOOK)
        raise ConfigError(f"{place.name} did not end within {limit:.0f} s; {self.folder} contains every party's log")


@contextmanager
def running_fleet(folder: Path, members: Sequence[MemberSetup]) -> Iterator[Fleet]:
    """Run a fleet with these members, all registered and their SuperNodes started."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = certificates.authority(folder / "authority")
    fleet = Fleet(folder=folder, authority=authority, superlink=free_port(), gateway=free_port())
    try:
        _superlink(fleet, members)
        app = app_digest()
        fleet.wait_for("superlink", "superlink ready")
        for member in members:
            enter(fleet, member.rows.member, app, member)
        yield fleet
    finally:
        _stop(fleet)


def free_port() -> int:
    """A port that no process listens on."""
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def home(folder: Path, name: str) -> Path:
    """The folder of a party."""
    return folder / "parties" / name


def enter(fleet: Fleet, name: str, app: str, placed: MemberSetup | None = None) -> None:
    """Start a SuperNode behind its door from the files in its folder."""
    about = {"platform": placed.platform, "region": placed.region, **placed.settings} if placed else {}
    settings = {
        "role": "supernode",
        "name": name,
        "folder": str(home(fleet.folder, name)),
        "gateway": f"{HERE}:{fleet.gateway}",
        "runtime-port": str(free_port()),
        "apps": app,
        **about,
    }
    fleet.start(name, settings)


def _superlink(fleet: Fleet, members: Sequence[MemberSetup]) -> None:
    own = home(fleet.folder, "superlink")
    fleet.authority.server(own, "superlink")
    shutil.copyfile(fleet.authority.certificate, own / "ca.crt")
    (own / "nodes").mkdir()
    roster = {member.rows.member: _member(fleet, member.rows, own / "nodes") for member in members}
    for name in roster:
        (home(fleet.folder, name) / "roster.json").write_text(json.dumps(roster, sort_keys=True), encoding="utf-8")
    settings = {
        "role": "superlink",
        "folder": str(own),
        "port": str(fleet.superlink),
        "gateway-port": str(fleet.gateway),
        "gateway-host": HERE,
    }
    fleet.start("superlink", settings)


def _member(fleet: Fleet, rows: Rows, nodes: Path) -> str:
    """Fill a member's folder; return its public key for masks, which goes to all members, but not by the server."""
    own = home(fleet.folder, rows.member)
    node_key = certified(fleet, rows.member)
    shutil.copyfile(node_key, nodes / node_key.name)
    parting.save_rows(rows, own / "rows.npz")
    private = masking.private_key()
    certificates.private(own / "mask.key", private)
    return masking.public_key(private).hex()


def certified(fleet: Fleet, name: str) -> Path:
    """Give a party a folder with a certificate of the consortium; return its node key, which is not registered yet."""
    own = home(fleet.folder, name)
    identity = fleet.authority.member(own, name)
    shutil.copyfile(fleet.authority.certificate, own / "ca.crt")
    return identity.node_public


def _stop(fleet: Fleet) -> None:
    """Stop the members first, so that they can sign off from the SuperLink; kill those that do not end."""
    superlink = fleet.processes.pop("superlink", None)
    _end(list(fleet.processes.values()))
    _end([superlink] if superlink else [])


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
        _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal every process of the session."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
    process.wait()
