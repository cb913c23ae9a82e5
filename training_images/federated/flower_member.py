# SPDX-License-Identifier: Apache-2.0
"""Who answers in a SuperNode's ClientApp? A member, made anew for every message from what its own machine tells it.

The SuperNode's node-config names the files: `rows`, and for masks `key` and `roster`; `platform` and `region` where
they lie; `masked` and `epsilon` are its limits; `seed` makes the noise repeatable, for trials only. Flower starts a
process a message, so this imports nothing heavy.
"""

import json
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Final

from flwr.app import ConfigRecord, Context, Message
from flwr.clientapp import ClientApp

from training_images.federated import letters, parting
from training_images.federated.masking import Keys
from training_images.federated.member import Limits, Member, secret, seeded

app = ClientApp()
_MEMORY: Final = "memory"


class _Memory(MutableMapping[str, int]):
    """What Flower keeps between two messages of a run."""

    def __init__(self, context: Context) -> None:
        self._kept: ConfigRecord = context.state.config_records.setdefault(_MEMORY, ConfigRecord())

    def __getitem__(self, name: str) -> int:
        return int(str(self._kept[name]))

    def __setitem__(self, name: str, value: int) -> None:
        self._kept[name] = value

    def __delitem__(self, name: str) -> None:
        del self._kept[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


@app.train()
def answer(message: Message, context: Context) -> Message:
    """The member's answer to one question."""
    note = letters.read(message.content)
    return Message(letters.sealed(_member(context).answer(note)), reply_to=message)


def _member(context: Context) -> Member:
    told = context.node_config
    rows = parting.opened(Path(str(told["rows"])))
    epsilon = float(str(told.get("epsilon", 0)))
    return Member(
        rows=rows,
        place=(str(told.get("platform", "local")), str(told.get("region", "local"))),
        keys=_keys(rows.member, Path(str(told["key"])), Path(str(told["roster"]))) if "key" in told else None,
        limits=Limits(masked=bool(told.get("masked", False)), epsilon=epsilon or None),
        draw=seeded(int(str(told["seed"])), rows.member) if "seed" in told else secret,
        memory=_Memory(context),
        run=str(context.run_id),
    )


def _keys(name: str, key: Path, roster: Path) -> Keys:
    public = json.loads(roster.read_text(encoding="utf-8"))
    return Keys(
        name=name, private=key.read_bytes(), roster={one: bytes.fromhex(known) for one, known in public.items()}
    )
