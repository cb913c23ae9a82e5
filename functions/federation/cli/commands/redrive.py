# SPDX-License-Identifier: Apache-2.0
"""`federation redrive`: which deliveries failed for good, and do they succeed now?"""

from typing import Annotated

import typer

from federation.cli.home.opened import opened
from federation.cli.options import AsJson, Folder
from federation.cli.screen.happened import Followed, print_happened, rendered
from federation.cli.screen.letters import in_full, page_of
from federation.cli.screen.output import print_answer, print_hint, print_json, print_section
from federation.core.counted import counted
from federation.steps import STEPS

_STEPS = ("receive", *STEPS)


def redrive(
    step: Annotated[
        str | None, typer.Option("--step", help=f"Only the letters of one of {', '.join(_STEPS)}.", metavar="STEP")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List them and send none.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """List what steps could not handle, and have it delivered again: at least once, and none is lost on the way.

    Mend the cause first. What was done before is not done twice. On Google Cloud an event reaches every step that hears
    it; in a cloud, `federation status` says later whether anything came back.
    """
    if step is not None and step not in _STEPS:
        raise typer.BadParameter(f"{step!r} is none of {', '.join(_STEPS)}", param_hint="--step")
    with opened(folder) as home:
        letters = [page_of(letter) for letter in home.letters.list() if step in (None, letter.step)]
        if not as_json:
            print_answer(f"{counted(len(letters), 'dead letter')}{':' if letters else '.'}", map(in_full, letters))
        count = 0 if dry_run or not letters else home.letters.redrive(step)
        followed = home.carry() if count else Followed(happened=())
    if as_json:
        print_json({"dead": letters, "sent": count, "followed": list(rendered(followed))})
        return
    if count:
        print_section(f"{count:,} sent again.")
    elif letters:
        print_hint("None was sent. To send them, once the cause is mended: federation redrive")
    if followed.happened:
        print_happened(followed, as_json=False)
