# SPDX-License-Identifier: Apache-2.0
"""Do the stored documents and the channel agree about each other?

A decision states the digests of the documents that it read and of the content that it wrote, and the channel before and
after it. So nobody can change or remove one of them without changing all the others.
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
from federation.core.decision import DECISION_PREFIXES, decision_in
from federation.core.digest import digest, digest_of
from federation.core.event import Event
from federation.core.move import PastMove
from federation.errors import ContractError
from federation.stored import decoded

_DECIDED: Final = (*DECISION_PREFIXES, names.VERSIONS, names.RELEASES, names.APPROVALS, names.POLICY_ORDERS, names.JOBS)
"""Prefixes of documents which are decisions, or are stated by one."""
_UNMENTIONED: Final = (names.DECISIONS, names.TURNED_AWAY_JOBS, names.EXPECTED_JOBS)
"""Those which no decision states: decisions themselves, and notes made while a job is launched."""

_BY_ROLL_BACK: Final = f"{names.DECISIONS}roll_back/"
"""The prefix of decisions that are stored after their move, and not before it."""

_State = tuple[str, int]
"""A channel's name and counter."""


@dataclass(slots=True)
class References:
    """What all documents say about each other: by document, or by state of a channel, which decision states which digest.

    `channels` are the names of all channels in the documents. Before `faults`, each has to be passed to `take_channel`, or
    its damage to `take_damage`.
    """

    digests: dict[str, str] = field(default_factory=dict)
    decisions: int = 0
    channels: set[str] = field(default_factory=set)
    moves: dict[str, Sequence[PastMove]] = field(default_factory=dict)
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
        """Record what one document says."""
        self.digests[name] = digest_of(body)
        try:
            document = shaped(name, decoded(name, body))
            decision = decision_in(document)
            self._content[name] = digest({key: value for key, value in document.items() if key != "decision"})
            if name.startswith(names.EVENTS) and names.event(Event.of(document).id) != name:
                self._misnamed.append(f"{name} contains another event than its name says")
            if name.startswith(names.POLICIES):
                self.channels.add(msgspec.convert(document["channel"], str))
            if decision is not None:
                self._take_decision(name, decision)
        except ContractError as error:
            self._misnamed.append(str(error))
        except (msgspec.ValidationError, KeyError, TypeError) as error:
            self._misnamed.append(f"{name} is damaged: {error!r}")

    def take_channel(self, channel: Channel, body: bytes | None, moves: Sequence[PastMove]) -> None:
        """Record the present state of a channel.

        Args:
            channel: The channel.
            body: Its stored bytes; None before its first move.
            moves: Its moves, as far back as stored decisions go.
        """
        self.moves[channel.name], self._counters[channel.name] = moves, channel.counter
        if body is not None:
            self._seen[channel.name, channel.counter].setdefault(digest_of(body), "the channel itself")

    def take_damage(self, message: str) -> None:
        """Record a channel that cannot be read.

        Args:
            message: What is wrong with it.
        """
        self._misnamed.append(message)

    def move_count(self) -> int:
        """The number of moves of all channels."""
        return sum(self._counters.values())

    def _take_decision(self, name: str, decision: Mapping[str, Any]) -> None:
        """Record what a decision says.

        Raises:
            ValidationError: A name or a counter in it has the wrong type.
        """
        self.decisions += 1
        self._about[name.rpartition("/")[0]] += name.startswith(names.DECISIONS)
        outcome, event = decision["outcome"], Event.of(decision["event"])
        own = f"{names.decisions(decision['step'], event.id)}{names.short(digest(outcome))}"
        if event.id != decision["event"]["id"] or (name.startswith(names.DECISIONS) and name != own):
            self._misnamed.append(f"{name} contains another decision than its name says")
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
        """A sentence for each contradiction."""
        yield from self._misnamed
        if not any(name.startswith(names.POLICIES) for name in self.digests):
            yield "no policy is stored, although every home has one: this store was emptied, or is not the home's"
        for (name, read), by in sorted(self._read.items()):
            if self.digests.get(name) != read:
                yield f"{name}, which {by} read, {'has changed' if name in self.digests else 'is missing'}"
        for name, contents in sorted(self._written.items()):
            by = next(iter(contents.values()))
            if name not in self.digests and not self._was_cut_short(name, by):
                yield f"{name}, which {by} wrote, is missing"
            elif name in self.digests and self._content.get(name) not in contents:
                yield f"{name} is not what {by} wrote"
        units = {name for name, _ in self._read if name.startswith(names.VERSIONS)}
        for name in sorted(set(self.digests) - set(self._written) - units):
            if name.startswith(_DECIDED) and not name.startswith(_UNMENTIONED):
                yield f"no stored decision wrote {name}"
        yield from self._faults_of_states()
        for name in sorted(self._counters):
            yield from self._faults_of_moves(name)

    def _faults_of_states(self) -> Iterator[str]:
        for (name, after), by_digest in sorted(self._seen.items()):
            left_as = self._left.get((name, after), by_digest)
            if len(by_digest) > 1 or not by_digest.keys() <= left_as.keys():
                by = " and ".join(sorted({*by_digest.values(), *left_as.values()}))
                yield f"{by} disagree about {name} after move {after}"

    def _faults_of_moves(self, channel: str) -> Iterator[str]:
        counter, moves = self._counters[channel], self.moves[channel]
        for (name, after), by_digest in sorted(self._seen.items()):
            if name == channel and after > counter:
                yield f"{name} is at move {counter}, but {next(iter(by_digest.values()))} read it after move {after}"
        for after, by in self._decided_beyond(channel):
            if after > counter + 1 or by.startswith(_BY_ROLL_BACK):
                yield f"{channel} is at move {counter}, but {by} made move {after}"
        counters = [moved.counter for moved in moves]
        if counters != list(range(1, counter + 1)):
            yield f"only {len(counters)} of the channel's {counter} moves are known: decisions are missing"
        for moved in moves:
            if moved.kind != "roll_back" and (moved.counter, moved.event) not in self._moved:
                yield f"move {moved.counter}, {moved.kind} by {moved.who}, has no stored decision"

    def _decided_beyond(self, channel: str) -> Iterator[tuple[int, str]]:
        """The number of each move after the channel's last one that a decision states, and that decision."""
        for (name, after), by_digest in sorted(self._left.items()):
            if name == channel and after > self._counters[channel]:
                yield from ((after, by) for by in by_digest.values())

    def oddities(self) -> Iterator[str]:
        """A sentence for each oddity that may be nobody's fault: a step may die half-way, and clocks differ."""
        for name in sorted(self._counters):
            yield from self._oddities_of_moves(name)
        for name, contents in sorted(self._written.items()):
            by = next(iter(contents.values()))
            if name not in self.digests and self._was_cut_short(name, by):
                yield f"{name}, which {by} mentions, is not stored"

    def _oddities_of_moves(self, channel: str) -> Iterator[str]:
        counter, moves = self._counters[channel], self.moves[channel]
        for earlier, moved in pairwise(moves):
            if instant.moment(moved.at) < instant.moment(earlier.at):
                yield f"move {moved.counter} is dated {moved.at}, before the previous move, {earlier.at}"
        for moved in moves:
            if moved.kind == "roll_back" and (moved.counter, moved.event) not in self._moved:
                yield f"move {moved.counter}, {moved.why} (by {moved.who}, {moved.at}), has no stored decision"
        for after, by in self._decided_beyond(channel):
            if after == counter + 1 and not by.startswith(_BY_ROLL_BACK):
                yield f"{channel} is at move {counter}, but {by} decided on move {after}, which was not made, or was undone"

    def _was_cut_short(self, name: str, by: str) -> bool:
        """Whether the step may have died before it stored `name`: it was a sweep, or the event was decided again."""
        return name.startswith(names.EVENTS) or self._about[by.rpartition("/")[0]] > 1


def _state(channel: object, is_: Mapping[str, Any]) -> _State:
    state: _State = msgspec.convert((channel, is_["counter"]), _State)
    return state
