# SPDX-License-Identifier: Apache-2.0
"""Do the stored documents and the channel say the same of each other?

A decision names each document that it read with its digest, each that it wrote with the digest of its content, the channel
as it read it, and the channel as it left it. Whoever changes or removes one of them has to change all the others.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import msgspec

from federation.cli.store.shape import shaped
from federation.core import instant, names
from federation.core.channel import Channel
from federation.core.decision import DECIDED_IN, decision_in
from federation.core.digest import digest, digest_of
from federation.core.event import Event
from federation.core.move import Moved
from federation.errors import ContractError
from federation.stored import decoded

_DECIDED: Final = (*DECIDED_IN, names.VERSIONS, names.RELEASES, names.APPROVALS, names.POLICY_ORDERS, names.JOBS)
"""Prefixes of documents of which each is a decision, or is told of by one."""
_UNTOLD: Final = (names.DECISIONS, names.TURNED_AWAY_JOBS, names.EXPECTED_JOBS)
"""Those of them of which nothing tells: decisions themselves, and what is noted while a job is launched."""

_BY_ROLL_BACK: Final = f"{names.DECISIONS}roll_back/"
"""Where decisions are that are stored after their move, and not before it."""

_State = tuple[str, int]
"""A channel's name and counter."""


@dataclass(slots=True)
class References:
    """What all documents say of each other. By name, or by state of a channel: which decision says which digest.

    `channels` are the names of all that any document speaks of; each is to be taken, or its damage told, before the faults
    are asked for.
    """

    digests: dict[str, str] = field(default_factory=dict)
    decisions: int = 0
    channels: set[str] = field(default_factory=set)
    moves: dict[str, Sequence[Moved]] = field(default_factory=dict)
    _counters: dict[str, int] = field(default_factory=dict)
    _content: dict[str, str] = field(default_factory=dict)
    _read: dict[tuple[str, str], str] = field(default_factory=dict)
    _written: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _seen: dict[_State, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _left: dict[_State, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _about: Counter[str] = field(default_factory=Counter)
    _moved: set[tuple[int, str]] = field(default_factory=set)
    _misnamed: list[str] = field(default_factory=list)

    def take(self, name: str, body: bytes) -> None:
        """Note what one document says."""
        self.digests[name] = digest_of(body)
        try:
            document = shaped(name, decoded(name, body))
            decision = decision_in(document)
            self._content[name] = digest({key: value for key, value in document.items() if key != "decision"})
            if name.startswith(names.EVENTS) and names.event(Event.of(document).id) != name:
                self._misnamed.append(f"{name} holds another event than its name says")
            if name.startswith(names.POLICIES):
                self.channels.add(msgspec.convert(document["channel"], str))
            if decision is not None:
                self._take_decision(name, decision)
        except ContractError as error:
            self._misnamed.append(str(error))
        except (msgspec.ValidationError, KeyError, TypeError) as error:
            self._misnamed.append(f"{name} is damaged: {error!r}")

    def take_channel(self, channel: Channel, body: bytes | None, known: Sequence[Moved]) -> None:
        """Note what a channel is now.

        Args:
            channel: As it is.
            body: As it is stored; None before its first move.
            known: Its moves, as far back as decisions tell of them.
        """
        self.moves[channel.name], self._counters[channel.name] = known, channel.counter
        if body is not None:
            self._seen[channel.name, channel.counter].setdefault(digest_of(body), "the channel itself")

    def take_damage(self, told: str) -> None:
        """Note that a channel cannot be read."""
        self._misnamed.append(told)

    def made(self) -> int:
        """How many moves all channels have made."""
        return sum(self._counters.values())

    def _take_decision(self, name: str, decision: Mapping[str, Any]) -> None:
        """Note what a decision says.

        Raises:
            ValidationError: A name or a counter in it is none.
        """
        self.decisions += 1
        self._about[name.rpartition("/")[0]] += name.startswith(names.DECISIONS)
        outcome, event = decision["outcome"], Event.of(decision["event"])
        own = f"{names.decisions(decision['step'], event.id)}{names.short(digest(outcome))}"
        if event.id != decision["event"]["id"] or (name.startswith(names.DECISIONS) and name != own):
            self._misnamed.append(f"{name} holds another decision than its name says")
        for read in decision["reads"]:
            if read["what"] in {"document", "earlier"} and read["is"] is not None:
                self._read.setdefault((read["of"], read["is"]), name)
            elif read["what"] == "channel":
                self._take_state(read["of"], read["is"], name)
        for written, content in outcome["documents"].items():
            self._written[written].setdefault(content, name)
        if move := outcome["move"]:
            state = _state(move["channel"], move["to"])
            self.channels.add(state[0])
            self._left[state].setdefault(digest(move["to"]), name)
            self._moved.add((state[1], event.id))

    def _take_state(self, channel: str, is_: Mapping[str, Any] | None, by: str) -> None:
        self.channels.add(msgspec.convert(channel, str))
        if is_ is not None:
            self._seen[_state(channel, is_)].setdefault(digest(is_), by)

    def faults(self) -> Iterator[str]:
        """What does not hold, in sentences."""
        yield from self._misnamed
        if not any(name.startswith(names.POLICIES) for name in self.digests):
            yield "no policy is stored, and a home begins with one: this store was emptied, or is not the home's"
        for (name, read), by in sorted(self._read.items()):
            if self.digests.get(name) != read:
                yield f"{name}, which {by} read, is {'changed' if name in self.digests else 'gone'}"
        for name, contents in sorted(self._written.items()):
            by = next(iter(contents.values()))
            if name not in self.digests and not self._was_cut_short(name, by):
                yield f"{name}, which {by} wrote, is gone"
            elif name in self.digests and self._content.get(name) not in contents:
                yield f"{name} is not what {by} wrote"
        units = {name for name, _ in self._read if name.startswith(names.VERSIONS)}
        for name in sorted(set(self.digests) - set(self._written) - units):
            if name.startswith(_DECIDED) and not name.startswith(_UNTOLD):
                yield f"{name} was written by no decision that is stored"
        yield from self._faults_of_states()
        for name in sorted(self._counters):
            yield from self._faults_of_moves(name)

    def _faults_of_states(self) -> Iterator[str]:
        for (name, after), told in sorted(self._seen.items()):
            made = self._left.get((name, after), told)
            if len(told) > 1 or not told.keys() <= made.keys():
                by = " and ".join(sorted({*told.values(), *made.values()}))
                yield f"what {name} was after move {after} is told differently by {by}"

    def _faults_of_moves(self, channel: str) -> Iterator[str]:
        counter, known = self._counters[channel], self.moves[channel]
        for (name, after), told in sorted(self._seen.items()):
            if name == channel and after > counter:
                yield f"{name} is at move {counter}, and {next(iter(told.values()))} read it after move {after}"
        for after, by in self._told_beyond(channel):
            if after > counter + 1 or by.startswith(_BY_ROLL_BACK):
                yield f"{channel} is at move {counter}, and {by} made move {after}"
        counters = [moved.counter for moved in known]
        if counters != list(range(1, counter + 1)):
            yield f"of the channel's {counter} moves only {len(counters)} are told of: decisions are gone"
        for moved in known:
            if moved.kind != "roll_back" and (moved.counter, moved.event) not in self._moved:
                yield f"move {moved.counter}, {moved.kind} by {moved.who}, has no decision that is stored"

    def _told_beyond(self, channel: str) -> Iterator[tuple[int, str]]:
        """Each decision that tells of a later move than the channel's last one, after that move's number."""
        for (name, after), told in sorted(self._left.items()):
            if name == channel and after > self._counters[channel]:
                yield from ((after, by) for by in told.values())

    def oddities(self) -> Iterator[str]:
        """What may be nobody's doing: a step that dies leaves only what it had stored until then, and clocks differ."""
        for name in sorted(self._counters):
            yield from self._oddities_of_moves(name)
        for name, contents in sorted(self._written.items()):
            by = next(iter(contents.values()))
            if name not in self.digests and self._was_cut_short(name, by):
                yield f"{name}, of which {by} tells, is not stored"

    def _oddities_of_moves(self, channel: str) -> Iterator[str]:
        counter, known = self._counters[channel], self.moves[channel]
        for earlier, moved in pairwise(known):
            if instant.moment(moved.at) < instant.moment(earlier.at):
                yield f"move {moved.counter} is dated {moved.at}, before the one that it follows, {earlier.at}"
        for moved in known:
            if moved.kind == "roll_back" and (moved.counter, moved.event) not in self._moved:
                yield f"move {moved.counter}, {moved.why} (by {moved.who}, {moved.at}), has no decision that is stored"
        for after, by in self._told_beyond(channel):
            if after == counter + 1 and not by.startswith(_BY_ROLL_BACK):
                yield f"{channel} is at move {counter}, and {by} decided on move {after}, which was not made, or was undone"

    def _was_cut_short(self, name: str, by: str) -> bool:
        """Whether a decision may have been left half done: a sweep's, or one after which the event was decided again."""
        return name.startswith(names.EVENTS) or self._about[by.rpartition("/")[0]] > 1


def _state(channel: object, is_: Mapping[str, Any]) -> _State:
    found: _State = msgspec.convert((channel, is_["counter"]), _State)
    return found
