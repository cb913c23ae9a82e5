# SPDX-License-Identifier: Apache-2.0
"""What is printed about alarms on trial, and what can a person do about one?"""

from collections.abc import Iterator, Sequence
from typing import Final

from federation.cli.screen.output import print_lines, readable
from federation.cli.screen.ready_commands import ready_to_paste
from federation.cli.store.history import Past
from federation.cli.store.trial import Trial, is_on_trial
from federation.core.channel import Channel
from federation.core.policy import Policy

_BACK: Final = "To go back now: federation rollback --who YOU --why 'WHAT YOU SAW'"
_WITHOUT: Final = (
    "For next time: take the name out of rollback.alarms in the next version (federation policy > policy.json, then "
    "federation init --policy policy.json --who YOU --why 'WHY'); an alarm that still fires then rolls back"
)


def print_trials(trials: Sequence[Trial], version: int) -> None:
    """Print which alarms fired on trial and, if one goes on, what can be done."""
    lines = [f"{readable(trial.why)}{'; its end has not been reported' if trial.goes_on else ''}" for trial in trials]
    ways = map(ready_to_paste, (_BACK, _WITHOUT) if any(trial.goes_on for trial in trials) else ())
    print_lines(
        f"Alarms on trial: version {version} of the policy says `tell` for them, so nothing moves", (*lines, *ways)
    )


def after_note(past: Past, word: str, channel: Channel, policy: Policy) -> Iterator[str]:
    """What can be done after an alarm was noted that the policy does not let roll back."""
    if word == "hold":
        yield (
            "The policy's rollback.alarms says `hold` for it; an alarm that is not named there rolls back. To let "
            "promotions continue: federation resume --who YOU --why 'WHY'"
        )
    elif is_on_trial(past, channel, policy):
        yield _BACK
        yield _WITHOUT
    else:
        yield "The policy's rollback.alarms says what an alarm does; one that is not named there rolls back."
