# SPDX-License-Identifier: Apache-2.0
"""`federation init`: which policy governs this home?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from federation.cli.clock import now
from federation.cli.home.opened import Home, opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait, named, stated
from federation.cli.ordering.order import order
from federation.cli.pages.unlikely import UNLIKELY, unlikely
from federation.cli.screen.happened import ORDERED, Followed, print_happened, rendered
from federation.cli.screen.output import print_json, print_line, print_lines, short
from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.policy import Policy, policy_of
from federation.errors import ConflictError, ContractError, ServiceError
from federation.local.files import document_of
from federation.ports import Store
from federation.reads import recorded_policy


def init(
    policy: Annotated[
        Path, typer.Option("--policy", help="The policy (schemas/policy.v1.json).", metavar="POLICY.json")
    ],
    *,
    who: Annotated[
        str | None,
        typer.Option(
            "--who",
            help="Who stores it; it is written down.",
            metavar="NAME",
            envvar="FEDERATION_WHO",
            callback=named,
        ),
    ] = None,
    why: Annotated[
        str | None,
        typer.Option(
            "--why", help="Why these rules, in a sentence; it is written down.", metavar="SENTENCE", callback=stated
        ),
    ] = None,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Check a policy and store it; the highest version is the active one.

    A version that follows another needs --who and --why, as any order does; the first one may go without.
    """
    if why and not who:
        raise typer.BadParameter("--why is written down together with a name: say --who, too")
    document = document_of(policy)
    checked = policy_of(document, what=str(policy))
    name = names.policy(checked.version)
    with opened(folder, create=True, wait=wait) as home:
        store = home.ports.store
        earlier = store.names(names.POLICIES)
        _check_channel(store, earlier, checked, policy)
        if earlier and name not in earlier and not (who and why):
            raise typer.BadParameter(
                "another policy is in force; add --who NAME --why SENTENCE: who replaces it, and why"
            )
        _keep(store, name, document, policy)
        active, place = store.names(names.POLICIES)[-1], home.place
        followed = _carry_order(home, _order(checked, who, why)) if who and why else Followed(happened=())
    odd = list(unlikely(checked, now())) if active == name else []
    if as_json:
        happened = list(rendered(followed))
        stored = {"home": place, "policy": name, "digest": checked.digest, "active": active == name}
        print_json({**stored, "unlikely": odd, "happened": happened})
    else:
        print_line(
            f"{checked.name} version {checked.version} ({short(checked.digest)}) is stored in {place} as {name}."
        )
        if active != name:
            print(
                f"{active} stays in force: it has a higher version. To go back to these rules, give them a higher one."
            )
        if who and why:
            print_happened(followed, as_json=False)
        print_lines(UNLIKELY, odd)
    if followed.open:
        raise typer.Exit(ORDERED)


def _keep(store: Store, name: str, document: Mapping[str, Any], path: Path) -> None:
    """Store the policy under its version.

    Raises:
        ConflictError: Another policy has this version.
    """
    try:
        store.keep(name, canonical(document))
    except ConflictError as error:
        raise ConflictError(
            f"version {document['version']} of the policy is stored with other content; raise `version` in {path}",
            hint="A stored policy never changes (docs/operations.md, Another policy).",
        ) from error


def _carry_order(home: Home, event: Event) -> Followed:
    """Carry out the order, and return the decisions.

    Raises:
        ServiceError: The order was not announced, though the policy is stored.
    """
    try:
        return home.carry(event)
    except ServiceError as error:
        if error.hint == ServiceError.hint:
            error.hint = "The policy is stored and counts. The same command again writes down who stored it."
        raise


def _order(policy: Policy, who: str, why: str) -> Event:
    """The order that records who stores a policy, and why."""
    data = {"who": who, "why": why, "version": policy.version, "digest": policy.digest}
    return order(events.POLICY_ORDERED, data, names.policy(policy.version), now())


def _check_channel(store: Store, earlier: Sequence[str], new: Policy, path: Path) -> None:
    """Raise if the policy is for another channel, which would forget the quarantine of this one.

    Raises:
        ContractError: The active policy governs another channel.
    """
    body = store.read(earlier[-1]) if earlier else None
    governed = recorded_policy(earlier[-1], body).channel if body is not None else new.channel
    if governed != new.channel:
        raise ContractError(
            f"this home governs the channel {governed}, whose quarantine a new one would not know; keep `channel` in "
            f"{path}, or make another home for {new.channel}"
        )
