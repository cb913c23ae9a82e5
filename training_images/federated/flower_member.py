# SPDX-License-Identifier: Apache-2.0
"""Who answers in a SuperNode's ClientApp? A member, rebuilt for every message from what its own machine provides.

The SuperNode's node-config names the files: `rows`, the folder `memory`, and for masks `key` and `roster`. `platform`
and `region` say where the rows lie; `masked` and `epsilon` are the member's limits. Its noise is always drawn from the
operating system's entropy. Flower starts a process per message, so this module imports nothing heavy.
"""

import json
from collections.abc import MutableMapping
from pathlib import Path

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from training_images.federated import letters, parting
from training_images.federated.masking import Keys
from training_images.federated.member import Limits, Member, secret
from training_images.federated.memory import remembering

app = ClientApp()


@app.train()
def answer(message: Message, context: Context) -> Message:
    """The member's answer to one question."""
    note = letters.read(message.content)
    with remembering(Path(str(context.node_config["memory"])), str(context.run_id)) as memory:
        return Message(letters.encode(_member(context, memory).answer(note)), reply_to=message)


def _member(context: Context, memory: MutableMapping[str, int]) -> Member:
    config = context.node_config
    rows = parting.load_rows(Path(str(config["rows"])))
    return Member(
        rows=rows,
        place=(str(config.get("platform", "local")), str(config.get("region", "local"))),
        keys=_keys(rows.member, Path(str(config["key"])), Path(str(config["roster"]))) if "key" in config else None,
        limits=Limits(
            masked=bool(config.get("masked", False)),
            epsilon=float(str(config["epsilon"])) if "epsilon" in config else None,
        ),
        draw=secret,
        memory=memory,
        run=str(context.run_id),
    )


def _keys(name: str, key: Path, roster: Path) -> Keys:
    public = json.loads(roster.read_text(encoding="utf-8"))
    return Keys(
        name=name,
        private=key.read_bytes(),
        roster={member: bytes.fromhex(public_key) for member, public_key in public.items()},
    )
