# SPDX-License-Identifier: Apache-2.0
"""What serves, what stays warm, and what may not serve again?

All changes to the channel are in this file. Each move returns a new channel whose counter is one higher, so the store's
compare-and-set on the counter is the only lock there is: a condition on the serving release alone would let a redelivered
promotion succeed again after a roll-back to the same release.

The quarantine is part of the channel, because a roll-back must leave the bad release and forbid its units in one write:
between two writes a promotion could bring them back.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from federation.core import instant
from federation.core.digest import digest
from federation.core.move import Cause, MoveKind, PastMove
from federation.core.names import number_of
from federation.errors import ContractError

REMEMBERED: Final = 32
"""How many of its latest moves the channel keeps. A redelivered event finds its own move there."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A release in the channel: artifact digest and number of each kind's unit; `new` lists the digests it introduced.

    `silent` is set when the release stops answering its probe, and unset when it answers again.
    """

    name: str
    digest: str
    since: str
    units: Mapping[str, str]
    numbers: Mapping[str, int]
    new: Sequence[str]
    commit: str
    probed_at: str | None = None
    silent: bool | msgspec.UnsetType = msgspec.UNSET


class QuarantineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Why an artifact may not be released, and who decided it."""

    unit: str
    at: str
    who: str
    why: str


class Hold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stop to promotions, by a person or an alarm. It ends at `until`, or when somebody resumes promotions."""

    who: str
    why: str
    at: str
    until: str | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """The moving pointer to the serving release.

    `left` lists the releases that were rolled back, with the artifacts that each had introduced. Such a release serves
    again only if an order names it, or after one of those artifacts was lifted.
    """

    name: str
    counter: int = 0
    serving: Entry | None = None
    warm: Sequence[Entry] = ()
    anchor: Entry | None = None
    quarantine: Mapping[str, QuarantineEntry] = msgspec.field(default_factory=dict)
    hold: Hold | None = None
    left: Mapping[str, Sequence[str]] = msgspec.field(default_factory=dict)
    moves: Sequence[PastMove] = ()

    def document(self) -> dict[str, Any]:
        """The channel as schemas/channel.v1.json describes it."""
        document: dict[str, Any] = {"schema": "channel.v1", **msgspec.to_builtins(self)}
        return document

    def moved_by(self, event_id: str) -> PastMove | None:
        """The move that this event made, or None if the channel no longer has it."""
        return next((move for move in self.moves if move.event == event_id), None)

    def last_moved(self) -> tuple[str, ...]:
        """When the last move was made, as a tuple of one; empty before the first move. The next move cannot be earlier."""
        return tuple(move.at for move in self.moves[-1:])

    def held(self, now: str) -> Hold | None:
        """The hold that is in force at `now`, or None."""
        hold = self.hold
        return None if hold and hold.until and instant.moment(hold.until) <= instant.moment(now) else hold

    def forbids(self, artifacts: Iterable[str]) -> tuple[str, ...]:
        """The quarantined ones among `artifacts`."""
        return tuple(artifact for artifact in artifacts if artifact in self.quarantine)

    def live(self) -> tuple[Entry, ...]:
        """Every release that garbage collection must keep: serving, warm, anchor."""
        by_name = {entry.name: entry for entry in (self.anchor, *reversed(self.warm), self.serving) if entry}
        return tuple(reversed(by_name.values()))

    def place_of(self, name: str | None) -> Entry | None:
        """The release's entry if it is serving, warm or the anchor; else None."""
        return next((entry for entry in self.live() if entry.name == name), None)


def entry_of(release: Mapping[str, Any], *, since: str, commit: str) -> Entry:
    """The channel entry of a stored release.

    Args:
        release: As schemas/release.v1.json describes it.
        since: When it began to serve.
        commit: Registry commit that holds its manifest.
    """
    units = release["units"]
    return Entry(
        name=release["name"],
        digest=digest(release),
        since=since,
        units={kind: unit["artifact"] for kind, unit in units.items()},
        numbers={kind: number_of(unit["name"]) for kind, unit in units.items()},
        new=[unit["artifact"] for unit in units.values() if unit["origin"] == "new"],
        commit=commit,
    )


def channel_of(document: Mapping[str, Any] | None, name: str) -> Channel:
    """The channel in a stored document, or a new one. ContractError if this version of the code cannot read it."""
    try:
        return Channel(name=name) if document is None else msgspec.convert(document, Channel)
    except msgspec.ValidationError as error:
        hint = 'If an earlier version wrote it, CHANGELOG.md says under "Before you upgrade" how to repair it.'
        raise ContractError(f"this version cannot read the channel {name}: {error}", hint=hint) from error


def promote(channel: Channel, entry: Entry, cause: Cause, *, warm: int) -> Channel:
    """Serve `entry`. The previous release becomes the newest warm one. The first release ever is the anchor."""
    stable = (channel.serving, *channel.warm) if channel.serving else tuple(channel.warm)
    still_warm = [old for old in stable if old.name != entry.name][:warm]
    return replace(
        _after(channel, "promote", cause, entry.name),
        serving=entry,
        warm=still_warm,
        anchor=channel.anchor or entry,
        left={name: new for name, new in channel.left.items() if name != entry.name},
    )


def roll_back(channel: Channel, target: Entry, cause: Cause) -> Channel:
    """Serve `target`, and quarantine the artifacts that the current release introduced.

    If the current release was the anchor, the oldest usable one becomes the anchor: nothing is compared with a bad one.
    """
    current = channel.serving
    kinds = {artifact: kind for kind, artifact in current.units.items()} if current else {}
    bad = {
        artifact: QuarantineEntry(
            unit=_unit_name(current, kinds.get(artifact, "unit")), at=cause.at, who=cause.who, why=cause.why
        )
        for artifact in (current.new if current else ())
        if artifact not in target.units.values()
    }
    usable = [entry for entry in channel.warm if entry.name == target.name or not set(entry.units.values()) & set(bad)]
    left_behind = {**channel.left, **({current.name: current.new} if current else {})}
    leaves_anchor = bool(current and channel.anchor and channel.anchor.name == current.name)
    next_channel = _after(
        channel, "roll_back", cause, target.name, {artifact: kinds.get(artifact, "unit") for artifact in bad}
    )
    return replace(
        next_channel,
        serving=replace(target, since=cause.at),
        warm=[entry for entry in usable if entry.name != target.name],
        anchor=(target, *usable)[-1] if leaves_anchor else channel.anchor,
        quarantine={**channel.quarantine, **bad},
        left=dict(list(left_behind.items())[-REMEMBERED:]),
    )


def _unit_name(release: Entry | None, kind: str) -> str:
    """The name of the release's unit, without the organisation, which the channel does not store."""
    return f"{kind}-v{release.numbers[kind]}" if release and kind in release.numbers else kind


def quarantine(channel: Channel, artifact: str, unit: str, cause: Cause) -> Channel:
    """Forbid one artifact."""
    reason = QuarantineEntry(unit=unit, at=cause.at, who=cause.who, why=cause.why)
    return replace(_after(channel, "quarantine", cause), quarantine={**channel.quarantine, artifact: reason})


def lift(channel: Channel, artifact: str, cause: Cause) -> Channel:
    """Allow one artifact again."""
    remaining = {digest: why for digest, why in channel.quarantine.items() if digest != artifact}
    left_behind = {name: new for name, new in channel.left.items() if artifact not in new}
    return replace(_after(channel, "lift", cause), quarantine=remaining, left=left_behind)


def anchor(channel: Channel, entry: Entry, cause: Cause) -> Channel:
    """Freeze a serving or warm release as the anchor. Candidates are compared with it too."""
    return replace(_after(channel, "anchor", cause), anchor=entry)


def hold(channel: Channel, cause: Cause, *, until: str | None = None) -> Channel:
    """Stop promotions until `until`, or until somebody resumes them."""
    return replace(_after(channel, "hold", cause), hold=Hold(who=cause.who, why=cause.why, at=cause.at, until=until))


def resume(channel: Channel, cause: Cause) -> Channel:
    """Allow promotions again."""
    return replace(_after(channel, "resume", cause), hold=None)


def probed(channel: Channel, names: Iterable[str], cause: Cause, *, answered: bool = True) -> Channel:
    """Record that these releases have just answered a probe, or have failed to."""
    probed_names = frozenset(names)

    def mark(entry: Entry | None) -> Entry | None:
        if entry is None or entry.name not in probed_names:
            return entry
        return replace(entry, probed_at=cause.at if answered else None, silent=msgspec.UNSET if answered else True)

    warm = [updated for entry in channel.warm if (updated := mark(entry))]
    return replace(
        _after(channel, "probe", cause), serving=mark(channel.serving), warm=warm, anchor=mark(channel.anchor)
    )


def _after(
    channel: Channel,
    kind: MoveKind,
    cause: Cause,
    release: str | None = None,
    quarantined: Mapping[str, str] | None = None,
) -> Channel:
    counter = channel.counter + 1
    move = PastMove(
        counter=counter,
        event=cause.event,
        kind=kind,
        at=cause.at,
        release=release or (channel.serving.name if channel.serving else None),
        who=cause.who,
        why=cause.why,
        quarantined=quarantined or {},
    )
    return replace(channel, counter=counter, moves=[*channel.moves, move][-REMEMBERED:])
