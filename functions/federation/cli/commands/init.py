# SPDX-License-Identifier: Apache-2.0
"""`federation init`: which policy governs this home?"""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from federation.cli.home.opened import opened
from federation.cli.options import AsJson, Folder
from federation.cli.screen.output import print_json, print_line, short
from federation.core import names
from federation.core.digest import canonical
from federation.core.policy import Policy, policy_of, stored_policy
from federation.errors import ConflictError, ContractError
from federation.local.files import document_of
from federation.ports import Store


def init(
    policy: Annotated[
        Path, typer.Option("--policy", help="The policy (schemas/policy.v1.json).", metavar="POLICY.json")
    ],
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Check a policy and store it; the highest version is the active one."""
    document = document_of(policy)
    checked = policy_of(document, what=str(policy))
    name = names.policy(checked.version)
    with opened(folder, create=True) as home:
        _same_channel(home.ports.store, checked, policy)
        try:
            home.ports.store.keep(name, canonical(document))
        except ConflictError as error:
            raise ConflictError(
                f"version {checked.version} of the policy is stored with other content; raise `version` in {policy}",
                hint="A stored policy never changes (docs/operations.md, Another policy).",
            ) from error
        active = home.ports.store.names(names.POLICIES)[-1]
        place = home.place
    if as_json:
        print_json({"home": place, "policy": name, "digest": checked.digest, "active": active == name})
        return
    print_line(f"{checked.name} version {checked.version} ({short(checked.digest)}) is stored in {place} as {name}.")
    if active != name:
        print(f"{active} stays in force: it has a higher version. To go back to these rules, give them a higher one.")


def _same_channel(store: Store, new: Policy, path: Path) -> None:
    """Refuse a policy for another channel: what is in quarantine in the old one would be forgotten.

    Raises:
        ContractError: The policy in force governs another channel.
    """
    earlier = store.names(names.POLICIES)
    body = store.read(earlier[-1]) if earlier else None
    governed = stored_policy(msgspec.json.decode(body)).channel if body else new.channel
    if governed != new.channel:
        raise ContractError(
            f"this home governs the channel {governed}, whose quarantine a new one would not know; keep `channel` in "
            f"{path}, or make another home for {new.channel}"
        )
