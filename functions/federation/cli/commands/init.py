# SPDX-License-Identifier: Apache-2.0
"""`federation init`: which policy governs this home?"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from federation.cli.clock import now
from federation.cli.home.failed_step import StepFailedError
from federation.cli.home.opened import Home, opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait, named, stated
from federation.cli.ordering.order import order
from federation.cli.pages.policy_warnings import NO_EFFECT, WARNINGS, policy_warnings
from federation.cli.screen.decisions import ORDERED, Progress, decision_objects, print_progress
from federation.cli.screen.output import print_json, print_line, print_lines, short
from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.faults import fault_list
from federation.core.policy import Policy, policy_of
from federation.core.unknown_fields import policy_field_warnings, suggestion, unknown_fields
from federation.errors import ConflictError, ContractError, MissingError, ServiceError
from federation.local.files import document_of
from federation.ports import Store
from federation.reads import recorded_policy
from federation.stored import decoded

_STORED: Final = "The policy is stored and in force. Run the same command again to record who stored it."


def init(
    policy: Annotated[
        Path, typer.Option("--policy", help="The policy (schemas/policy.v1.json).", metavar="POLICY.json")
    ],
    *,
    who: Annotated[
        str | None,
        typer.Option(
            "--who",
            help="Who stores the policy. It is recorded.",
            metavar="NAME",
            envvar="FEDERATION_WHO",
            callback=named,
        ),
    ] = None,
    why: Annotated[
        str | None,
        typer.Option(
            "--why",
            help="The reason for the change, in a sentence. It is recorded.",
            metavar="SENTENCE",
            callback=stated,
        ),
    ] = None,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Validate a policy and store it. The highest version is in force.

    Only the first version may be stored without --who and --why. A misspelt field would have no effect: exit code 2.
    """
    if why and not who:
        raise typer.BadParameter("--why also needs --who")
    document = document_of(policy)
    checked = policy_of(document, what=str(policy))
    name = names.policy(checked.version)
    _check_spelling(_misspelt(document), folder, name, policy)
    with opened(folder, create=True, wait=wait) as home:
        store = home.ports.store
        earlier = store.names(names.POLICIES)
        _check_channel(store, earlier, checked, policy)
        if earlier and name not in earlier and not (who and why):
            raise typer.BadParameter(
                "another policy is in force; add --who NAME --why SENTENCE to say who replaces it, and why"
            )
        _keep(store, name, document, policy)
        active, place = store.names(names.POLICIES)[-1], home.place
        progress = _carry_order(home, _order(checked, who, why)) if who and why else Progress(decisions=())
    odd = list(policy_warnings(checked, now())) if active == name else []
    without_effect = list(policy_field_warnings(document))
    if as_json:
        decisions = list(decision_objects(progress))
        stored = {"home": place, "policy": name, "digest": checked.digest, "active": active == name}
        print_json({**stored, "unlikely": odd, "unknown_fields": without_effect, "happened": decisions})
    else:
        print_line(
            f"{checked.name} version {checked.version} ({short(checked.digest)}) is stored in {place} as {name}."
        )
        if active != name:
            print(
                f"{active} stays in force, because its version is higher. To return to these rules, store them with a "
                "higher version."
            )
        if who and why:
            print_progress(progress, as_json=False)
        print_lines(NO_EFFECT, without_effect)
        print_lines(WARNINGS, odd)
    if progress.open:
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
            f"version {document['version']} of the policy is already stored with different content; increase "
            f"`version` in {path}",
            hint="A stored policy never changes (docs/operations.md, Another policy).",
        ) from error


def _carry_order(home: Home, event: Event) -> Progress:
    """Carry out the order, and return the decisions.

    Raises:
        StepFailedError: A step could not handle the order.
        ServiceError: The order was not announced, though the policy is stored.
    """
    try:
        return home.carry(event)
    except StepFailedError:
        raise
    except ServiceError as error:
        error.hint = f"{_STORED} {error.hint}"
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
            f"this home governs the channel {governed}, and another channel would not have its quarantine; keep "
            f"`channel` in {path}, or create another home for {new.channel}"
        )


def _check_spelling(misspelt: Mapping[str, str], folder: Path | None, name: str, path: Path) -> None:
    """Raise if fields of a new policy are misspelt, unless the policy in force has the same ones. Creates no home.

    Raises:
        ContractError: A rule would have no effect.
    """
    if not misspelt:
        return
    in_force: Mapping[str, str] = {}
    with suppress(MissingError), opened(folder) as home:
        stored = home.ports.store.names(names.POLICIES)
        if name in stored:
            return
        if stored and (body := home.ports.store.read(stored[-1])):
            in_force = _misspelt(decoded(stored[-1], body))
    if new := [sentence for field, sentence in misspelt.items() if field not in in_force]:
        raise ContractError(
            f"{path} has fields that are not fields of a policy; they would have no effect",
            fault_list(new),
            hint="Correct their spelling, or remove them; `federation schema policy` prints every field.",
        )


def _misspelt(policy: Mapping[str, Any]) -> dict[str, str]:
    """The path of each misspelt field of a policy, and the path with the field that is probably meant."""
    fields = unknown_fields("policy.v1", policy)
    return {field.path: f"{field.path}{suggestion(field.similar)}" for field in fields if field.misspelt}
