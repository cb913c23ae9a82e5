# SPDX-License-Identifier: Apache-2.0
"""`federation redrive`: which deliveries failed for good, and do they succeed now?"""

from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Any

import typer

from federation.cli.home.opened import opened
from federation.cli.options import AsJson, Folder
from federation.cli.screen.decisions import Progress, decision_objects, print_progress
from federation.cli.screen.letters import in_full, page_of
from federation.cli.screen.output import print_answer, print_hint, print_json, print_section
from federation.core.number_text import counted
from federation.errors import MissingError
from federation.ports import DeadLetter
from federation.steps import STEPS

_STEPS = ("receive", *STEPS)


def redrive(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Only these letters; by default all.", metavar="ID", show_default=False)
    ] = None,
    step: Annotated[
        str | None,
        typer.Option("--step", help=f"Only the dead letters of this step: {', '.join(_STEPS)}.", metavar="STEP"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the dead letters without delivering them.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """List the dead letters, and deliver them again, at least once; none is lost.

    Fix the cause first. Finished work is not repeated. On Google Cloud an event is delivered to every step that handles its
    type. In a cloud, `federation status` shows later whether anything failed again.
    """
    if step is not None and step not in _STEPS:
        raise typer.BadParameter(f"expected one of {', '.join(_STEPS)}, not {step!r}", param_hint="--step")
    with opened(folder) as home:
        letters = _chosen(home.letters.list(), step, ids)
        if not as_json:
            print_answer(f"{counted(len(letters), 'dead letter')}{':' if letters else '.'}", map(_with_id, letters))
        count = 0 if dry_run or not letters else home.letters.redrive(step, ids or None)
        progress = home.carry() if count else Progress(decisions=())
    if as_json:
        print_json({"dead": letters, "sent": count, "followed": list(decision_objects(progress))})
        return
    if count:
        print_section(f"{count:,} delivered again.")
    elif letters:
        chosen = [*(("--step", step) if step else ()), *(ids or ())]
        print_hint(
            f"None was delivered. After the cause is fixed, deliver them: {' '.join(('federation redrive', *chosen))}"
        )
    if progress.decisions:
        print_progress(progress, as_json=False)


def _chosen(letters: Iterable[DeadLetter], step: str | None, ids: Collection[str] | None) -> Sequence[dict[str, Any]]:
    """The letters of the step and with these ids, if any are given.

    Raises:
        MissingError: No letter has one of the ids.
    """
    pages = [page_of(letter) for letter in letters if step in (None, letter.step)]
    if not ids:
        return pages
    if unknown := sorted(set(ids) - {page["id"] for page in pages}):
        of_step = f" of {step}" if step else ""
        raise MissingError(
            f"there is no dead letter {', '.join(unknown)}{of_step}, so none was sent",
            hint="It may have been sent already. `federation redrive --dry-run` lists those that are there.",
        )
    return [page for page in pages if page["id"] in ids]


def _with_id(page: dict[str, Any]) -> str:
    return f"{page['id']}: {in_full(page)}"
