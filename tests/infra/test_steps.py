# SPDX-License-Identifier: Apache-2.0
"""infra/steps.json, from which both clouds' permissions are made, grants each function what it does in the demo."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from infra.package import ROOT
from msgspec.structs import replace
from tests import written
from tests.steps.home import MONDAY, TUESDAY, WEDNESDAY
from tests.steps.sweeping.test_overdue import JOB, Platform

from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.policy import policy_of
from federation.core.strict_json import document
from federation.delivery import deliver
from federation.demo.stage import Line, LocalStage
from federation.demo.story import story
from federation.demo.trust import TRUST
from federation.ports import Firing
from federation.runtime import handle
from federation.simulation.platform import POLICY
from federation.sources import Request, Trust
from federation.steps import STEPS
from federation.wiring.local import LocalHome, local_home

GRANTS: Mapping[str, Mapping[str, Any]] = json.loads((ROOT / "infra/steps.json").read_text("utf-8"))
USES = {
    "artifacts": {"read": "artifacts", "observe": "artifacts"},
    "registry": {"publish": "hub_write", "find": "hub_read"},
    "trainer": {
        "refusal": "launch_jobs",
        "launch": "launch_jobs",
        "finished": "list_jobs",
        "artifact": "describe_jobs",
    },
    "traffic": {"shift": "traffic", "serving": "traffic", "refusal": "traffic", "probe": "probe"},
    "alarms": {"firing": "alarms"},
}
STORE = {
    "claim": "writes",
    "keep": "writes",
    "read": "reads",
    "names": "lists",
    "channel": "channel",
    "move": "channel",
}


class Witness:
    """Stands before a port and notes who calls what."""

    def __init__(self, port: Any, note: Callable[[str, str], None]) -> None:
        self._port = port
        self._note = note

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*arguments: Any) -> Any:
            self._note(name, str(arguments[0]) if arguments else "")
            return method(*arguments)

        return call


class Watched:
    """A home of which every call of every function is noted."""

    def __init__(self, home: LocalHome) -> None:
        self.step = "receive"
        self.noted: set[tuple[str, str, str]] = set()
        ports = replace(
            home.ports,
            store=Witness(home.ports.store, self._stored),
            **{port: Witness(getattr(home.ports, port), self._used(port)) for port in USES},
        )
        self.home = dataclasses.replace(home, ports=ports, bus=Witness(home.bus, lambda *_: None))
        self._drain = home.bus.drain
        self.home.bus.drain = self.drain  # type: ignore[method-assign]

    def drain(self, deliver: Callable[[str, Event], None]) -> None:
        def as_step(step: str, event: Event) -> None:
            self.step = step
            deliver(step, event)
            self.step = "receive"

        self._drain(as_step)

    def _stored(self, method: str, name: str) -> None:
        grant = STORE[method]
        prefix = (
            {"read": "read", "move": "move"}[method if method == "move" else "read"] if grant == "channel" else name
        )
        self.noted.add((self.step, grant, prefix))

    def _used(self, port: str) -> Callable[[str, str], None]:
        return lambda method, _: self.noted.add((self.step, "uses", USES[port][method]))


class Unseen(LocalStage):
    """A stage that does not look around in the home between two deliveries, for a look would be noted too."""

    def arrives(self, at: str, what: str, request: Request) -> Line:
        deliver(request, self._trust, self._home.ports, at)
        self._home.settle(lambda: at)
        return Line(at=at, what=what, became=[])


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str, str]]:
    """Who did what in the demo's two weeks."""
    home = local_home(tmp_path_factory.mktemp("home"), in_memory=True)
    examples = ROOT / "training/examples"
    policy = document((examples / "policy.json").read_bytes(), what="policy.json")
    home.ports.store.keep(names.policy(policy_of(policy).version), canonical(policy))
    watched = Watched(home)
    list(story(Unseen(watched.home, Trust.read(TRUST), examples)))
    home.close()
    return watched.noted


def granted(step: str, grant: str, what: str) -> bool:
    """Whether the table lets a step do so."""
    may = GRANTS[step][grant]
    if grant == "channel":
        return may in {"move", what}
    return what in may if grant == "uses" else any(what.startswith(f"{prefix}/") for prefix in may)


def test_the_demo_asks_enough_to_mean_something(noted: set[tuple[str, str, str]]):
    assert {step for step, _, _ in noted} == {"receive", *STEPS} - {"govern"}
    assert ("roll_back", "channel", "move") in noted


def test_whatever_a_function_does_it_may_do(noted: set[tuple[str, str, str]]):
    refused = sorted(one for one in noted if not granted(*one))
    assert not refused, "grant it in infra/steps.json, or ask why the function does it now"


def test_a_sweep_may_do_what_it_does_about_jobs_that_ended_or_are_lost(tmp_path: Path):
    platform = Platform()
    home = local_home(tmp_path, in_memory=True)
    home = dataclasses.replace(home, ports=replace(home.ports, trainer=platform))
    home.ports.store.keep(names.policy(1), canonical({**POLICY, "jobs": {"embedder": JOB}}))
    home.ports.store.keep(names.version("embedder", 1), canonical(written.version("acme/embedder-v1", "embedder")))
    watched = Watched(home)
    for at, type_ in ((MONDAY, events.JOB_REQUESTED), (TUESDAY, events.JOB_REQUESTED), (WEDNESDAY, events.TICK_SWEEP)):
        watched.home.bus.announce(
            [Event(type=type_, source="//test", subject="embedder", time=at, key=at, data={"kind": "embedder"})]
        )
        watched.home.settle(lambda at=at: at)
        platform.ends(platform.started[-1])
    assert {("sweep", "lists", "versions/embedder/"), ("sweep", "writes", "jobs/ended")} <= {
        (step, grant, what.rpartition("/")[0] if grant == "writes" else what) for step, grant, what in watched.noted
    }
    assert sorted(one for one in watched.noted if not granted(*one)) == []
    home.close()


def test_who_reads_units_or_speaks_of_jobs_may_do_so_on_the_hub_too():
    for step, grants in GRANTS.items():
        asks_platforms = {"artifacts", "launch_jobs", "list_jobs", "describe_jobs"} & set(grants["uses"])
        assert not asks_platforms or {"hub_jobs", "hub_read", "hub_write"} & set(grants["uses"]), step


def test_who_starts_jobs_holds_no_token_that_writes_releases():
    assert [step for step, grants in GRANTS.items() if {"hub_jobs", "hub_write"} <= set(grants["uses"])] == []


def test_the_way_back_needs_neither_the_hub_nor_the_platforms_files():
    assert GRANTS["roll_back"]["uses"] == ["traffic"]
    assert GRANTS["roll_back"]["concurrency"] >= 1


def test_every_step_has_its_grants_and_nobody_else():
    assert set(GRANTS) == {"receive", *STEPS}


def test_what_is_written_may_be_compared_and_lies_under_a_name_that_is_used():
    prefixes = {value.rstrip("/") for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    for step, grants in GRANTS.items():
        assert set(grants["writes"]) <= set(grants["reads"]), step
        mentioned = {prefix.partition("/")[0] for which in ("reads", "writes", "lists") for prefix in grants[which]}
        assert mentioned <= prefixes, step
        assert [own for own in grants["writes"] if own.startswith("decisions/")] in ([], [f"decisions/{step}"]), step


def test_only_who_moves_the_channel_may_replace_anything():
    movers = {step for step, grants in GRANTS.items() if grants["channel"] == "move"}
    assert movers == {"promote", "roll_back", "sweep", "govern"}


def test_a_sweep_may_ask_what_has_been_noted_of_an_alarm_on_trial(tmp_path: Path):
    home = local_home(tmp_path, in_memory=True)
    words = {"settle_seconds": 300, "alarms": {"on trial": "tell", "brake": "hold"}}
    home.ports.store.keep(names.policy(1), canonical({**POLICY, "rollback": words}))
    firing = [Firing(key=name, at=TUESDAY, name=name) for name in words["alarms"]]
    watched = Watched(home)
    watched.step = "sweep"
    look = Event(type=events.TICK_ALARMS, source="//test", subject="schedule", time=TUESDAY, key="look", data={})
    for _ in range(2):
        sweep = replace(watched.home.ports, alarms=Fires(firing))
        handle("sweep", look, sweep, TUESDAY)
        home.settle(lambda: TUESDAY)
    home.close()
    refused = sorted(one for one in watched.noted if not granted(*one))
    assert not refused, "grant it in infra/steps.json, or ask why the sweep does it now"
    assert any(grant == "reads" and what.startswith("decisions/roll_back/") for _, grant, what in watched.noted)


@dataclasses.dataclass(frozen=True)
class Fires:
    """Alarms that all fire."""

    alarms: list[Firing]

    def firing(self) -> list[Firing]:
        return self.alarms


def test_the_documentation_shows_the_grants_as_they_are():
    text = (ROOT / "docs/infrastructure.md").read_text("utf-8")
    told = text.partition("<!-- steps -->")[2].partition("<!-- /steps -->")[0].strip().splitlines()[2:]
    assert told == [_row(step, grants) for step, grants in GRANTS.items()]


def _row(step: str, grants: Mapping[str, Any]) -> str:
    besides = [name for name in grants["reads"] if name not in grants["writes"]]
    columns = [_listed(grants[which], step) for which in ("writes", "lists")]
    columns = [columns[0], _listed(besides, step), columns[1], grants["channel"]]
    size = f"{grants['timeout']}, {grants['memory']}, {grants['concurrency']}"
    return f"| {' | '.join([f'`{step}`', *columns, _listed(grants['uses'], step), size])} |"


def _listed(names: list[str], step: str) -> str:
    return ", ".join("decisions" if name == f"decisions/{step}" else name for name in names) or "-"
