# SPDX-License-Identifier: Apache-2.0
"""What is to be said about a release?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from federation.cli import inventory
from federation.cli.history import History, Past
from federation.cli.output import minute, short
from federation.cli.page import Page
from federation.core import event as events
from federation.core import names
from federation.core.channel import Channel
from federation.core.digest import digest
from federation.ports import Reads


def page_of_release(reads: Reads, history: History, name: str) -> Page:
    """What became of the release, which units it brought and why they were let in, and what holds or left it."""
    release: Mapping[str, Any] = reads.document(names.release(name)) or {}
    channel = reads.channel(reads.policy().channel)
    left = inventory.left_by_rollback(channel)
    state = inventory.release_state(channel, left, name)
    decisions = history.about(name)
    held = next((past for past in reversed(decisions) if events.PROMOTION_HELD in past.told_types), None)
    why = [release["change"]["why"], *([left[name]] if name in left else [])]
    if state == "assembled" and held:
        why.append(held.why)
    return Page(
        subject=name,
        verdict=state,
        why=why,
        facts=dict(_facts(release)),
        led_here=decisions,
        documents=_documents(reads, release, decisions),
        next_steps=list(_next(channel, release, state)),
    )


def _facts(release: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "made", minute(release["created_at"])
    yield "replaces", release["baseline"]["name"] if release["baseline"] else "nothing"
    yield "policy", f"{release['policy']['name']} version {release['policy']['version']}"
    yield "digest", short(digest(release))
    for kind, unit in sorted(release["units"].items()):
        yield kind, f"{unit['name']} ({unit['origin']}, artifact {short(unit['artifact'])})"
    for number, item in enumerate(release["checklist"], start=1):
        yield f"check {number}", f"{'yes' if item['yes'] else 'NO'}: {item['item']} ({item['why']})"


def _documents(reads: Reads, release: Mapping[str, Any], decisions: Sequence[Past]) -> list[str]:
    name = release["name"]
    wanted = [names.release(name), names.receipt(name), *reads.names(names.approvals(name))]
    reports = {unit["report"] for unit in release["units"].values()}
    judged = {place: reads.document(place) or {} for place in reads.names(names.REPORTS)}
    wanted += [place for place, found in judged.items() if digest(found.get("report")) in reports]
    wanted += [past.name for past in decisions]
    return [place for place in dict.fromkeys(wanted) if reads.document(place) is not None]


def _next(channel: Channel, release: Mapping[str, Any], state: str) -> Iterator[str]:
    name = release["name"]
    match state:
        case "serving":
            yield "If it misbehaves: federation rollback --who YOU --why 'WHAT YOU SAW'"
        case "rolled back":
            for unit in release["units"].values():
                if unit["artifact"] in channel.quarantine:
                    digits = short(unit["artifact"])
                    yield f"{unit['name']} is in quarantine: ship other content, or federation lift {digits}"
        case "assembled":
            yield f"To let it serve: federation promote {name} --who YOU --why 'WHY NOW'"
        case _:
            yield f"To go back to it: federation rollback --to {name} --who YOU --why 'WHAT YOU SAW'"
