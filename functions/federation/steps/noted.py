# SPDX-License-Identifier: Apache-2.0
"""An alarm fired that the policy does not let roll back: what happens instead?

`hold` stops promotions until somebody resumes them, whichever release the alarm is about; `tell` moves nothing.
"""

from federation.core import channel as channels
from federation.core import event as events
from federation.core import instant
from federation.core.alarm import Said
from federation.core.channel import Channel, Entry
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.move import Cause
from federation.core.outcome import Move, Outcome


def hold(breach: Event, said: Said, channel: Channel, now: str) -> Outcome:
    """Stop promotions, unless that has been done; whoever resumes them has decided about every alarm that began before."""
    if moved := next((one for one in channel.moves if one.event == breach.id and one.kind == "hold"), None):
        # Not as a repeat: a remembered policy may say `hold` where the newest one says `roll_back`, and only a new
        # outcome makes the process look for that one.
        return Outcome(why="carried out before", events=(_noted(breach, said, moved.why),))
    if useless := needless(said.began, channel):
        return _nothing_moves(breach, said, f"{said.named} fired at {said.began}: {useless}")
    why = f"{said.named} fired at {said.began}, and the policy says `hold` for it"
    cause = Cause(event=breach.id, at=now, who=f"alarm {said.named}", why=why)
    to = channels.hold(channel, cause)
    return Outcome(
        why=f"promotions are held until somebody resumes them: {why}",
        move=Move(channel=channel.name, expected=channel.counter, to=to.document()),
        events=(_noted(breach, said, to.moves[-1].why),),
    )


def tell(breach: Event, said: Said, serving: Entry, target: Entry | None) -> Outcome:
    """Say that it fired, and what it would have done otherwise."""
    would = f"gone back to {target.name}" if target else "found no stable release to go back to"
    fired = f"{said.named} fired at {said.began}, and the policy says `tell` for it"
    return _nothing_moves(breach, said, f"{fired}: {serving.name} serves on; a roll-back would have {would}")


def needless(began: str, channel: Channel) -> str | None:
    """Why a hold would add nothing; the channel may have forgotten that promotions were resumed after an old alarm."""
    held = channel.hold
    if held and held.until is None:
        return f"{held.who} holds promotions already: {held.why}"
    resumed = next((moved for moved in reversed(channel.moves) if moved.kind == "resume"), None)
    if resumed and instant.moment(began) <= instant.moment(resumed.at):
        return f"{resumed.who} has resumed promotions since, at {resumed.at}: {resumed.why}"
    if len(channel.moves) == channels.REMEMBERED and instant.moment(began) <= instant.moment(channel.moves[0].at):
        return f"{channels.REMEMBERED} moves have been made since, so it is too old to hold promotions"
    return None


def _nothing_moves(breach: Event, said: Said, why: str) -> Outcome:
    return Outcome(why=why, events=(_noted(breach, said, why),))


def _noted(breach: Event, said: Said, why: str) -> Event:
    return Event(
        type=events.SLO_NOTED,
        source="//federation/roll_back",
        subject=breach.subject,
        time=breach.time,
        key=f"{breach.id}|{said.word}|{digest(why)}",
        data={"why": why, "word": said.word, "alarm": said.named},
    )
