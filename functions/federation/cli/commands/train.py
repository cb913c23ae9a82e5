# SPDX-License-Identifier: Apache-2.0
"""`federation train`: have a unit of a kind made, as the policy's jobs say."""

from typing import Annotated

import typer

from federation.cli.home.opened import opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait, Who, Why
from federation.cli.ordering.order import Data, give
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.errors import MissingError


def train(
    kind: Annotated[
        str,
        typer.Argument(help="The kind of unit to train; the policy's `jobs` describe how.", metavar="KIND"),
    ],
    *,
    who: Who,
    why: Why,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Request a training job. Exit code 10 if it is refused or must wait for its hours.

    `federation explain JOB` says what became of it.
    """
    give(
        events.JOB_REQUESTED,
        {"who": who, "why": why},
        lambda shelf, _channel: _kind_with_job(shelf, kind),
        opened(folder, wait=wait),
        as_json=as_json,
    )


def _kind_with_job(shelf: Shelf, kind: str) -> Data:
    """The order's data: the kind, if the policy has a job for it.

    Raises:
        MissingError: The policy describes no job for the kind.
    """
    jobs = shelf.policy().jobs
    if kind not in jobs:
        raise MissingError(
            f"the policy describes no job for {kind!r:.100}; it has jobs for {', '.join(sorted(jobs)) or 'no kind'}",
            hint=f"Add one under jobs.{kind} in the policy's next version (docs/operations.md, Another policy).",
        )
    return {"kind": kind}
