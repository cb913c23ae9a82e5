# SPDX-License-Identifier: Apache-2.0
"""The policy's milder responses to an alarm.

`hold` stops promotions until somebody resumes them, whichever release the alarm is about; `tell` moves nothing.
"""

from federation.core import channel as channels
from federation.core import event as events
from federation.core import instant
from federation.core.alarm import AlarmResponse
from federation.core.channel import Channel, Entry
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.move import Cause
from federation.core.outcome import Move, Outcome


def hold(breach: Event, response: AlarmResponse, channel: Channel, now: str) -> Outcome:
    """Stop promotions, unless they are stopped, or were resumed after the alarm began."""
    if earlier := next((move for move in channel.moves if move.event == breach.id and move.kind == "hold"), None):
        # Not as a repeat: a remembered policy may say `hold` where the newest one says `roll_back`, and only a new
        # outcome makes the process look for that one.
        return Outcome(why="carried out before", events=(_noted_event(breach, response, earlier.why),))
    if reason := hold_refusal(response.began, channel):
        return _without_move(breach, response, f"{response.named} fired at {response.began}: {reason}")
    why = f"{response.named} fired at {response.began}, and the policy says `hold` for it"
    cause = Cause(event=breach.id, at=now, who=f"alarm {response.named}", why=why)
    to = channels.hold(channel, cause)
    return Outcome(
        why=f"promotions are held until somebody resumes them: {why}",
        move=Move(channel=channel.name, expected=channel.counter, to=to.document()),
        events=(_noted_event(breach, response, to.moves[-1].why),),
    )


def tell(breach: Event, response: AlarmResponse, serving: Entry, target: Entry | None) -> Outcome:
    """Announce that the alarm fired, and what a roll-back would have done."""
    would = f"gone back to {target.name}" if target else "found no stable release to go back to"
    alarm_text = f"{response.named} fired at {response.began}, and the policy says `tell` for it"
    return _without_move(
        breach, response, f"{alarm_text}: {serving.name} keeps serving; a roll-back would have {would}"
    )


def hold_refusal(began: str, channel: Channel) -> str | None:
    """Why a hold would change nothing, or None. An alarm older than the remembered moves counts as resumed."""
    current = channel.hold
    if current and current.until is None:
        return f"{current.who} already holds promotions: {current.why}"
    resumed = next((move for move in reversed(channel.moves) if move.kind == "resume"), None)
    if resumed and instant.moment(began) <= instant.moment(resumed.at):
        return f"{resumed.who} has resumed promotions since, at {resumed.at}: {resumed.why}"
    if len(channel.moves) == channels.REMEMBERED and instant.moment(began) <= instant.moment(channel.moves[0].at):
        return f"{channels.REMEMBERED} moves have been made since, so it is too old to hold promotions"
    return None


def _without_move(breach: Event, response: AlarmResponse, why: str) -> Outcome:
    return Outcome(why=why, events=(_noted_event(breach, response, why),))


def _noted_event(breach: Event, response: AlarmResponse, why: str) -> Event:
    return breach.follow_up(
        "roll_back",
        events.SLO_NOTED,
        breach.subject,
        key=f"{breach.id}|{response.response}|{digest(why)}",
        data={"why": why, "word": response.response, "alarm": response.named},
    )
