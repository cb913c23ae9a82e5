# SPDX-License-Identifier: Apache-2.0
"""Does the time of a refusal tell how much of a guessed secret is right?

`==` stops at the first byte that differs. Here every secret, and all that a sender shows, refuses to be compared that way.
"""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.sources.cases import Case, case

from federation.sources import Reading, read


class Guarded(str):
    """A text that may be cut and encoded, and compared only in constant time."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a secret was compared byte by byte; use hmac.compare_digest")

    __ne__ = __eq__

    def __getitem__(self, which: Any) -> "Guarded":
        return Guarded(super().__getitem__(which))

    def lower(self) -> "Guarded":
        return Guarded(super().lower())

    def strip(self, characters: str | None = None) -> "Guarded":
        return Guarded(super().strip(characters))

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> "GuardedBytes":
        return GuardedBytes(super().encode(encoding, errors))


class GuardedBytes(bytes):
    """The same in bytes."""

    __hash__ = bytes.__hash__

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a secret was compared byte by byte; use hmac.compare_digest")

    __ne__ = __eq__


SENDERS = [
    ("huggingface/push_main", "x-webhook-secret", "hub_secret", "secret_wrong"),
    ("alertmanager/firing_with_token", "authorization", "alertmanager_token", "sender_not_authenticated"),
    ("azure/run_completed", "authorization", "azure_token", "sender_not_authenticated"),
    ("grafana/firing_signed", "x-grafana-alerting-signature", "grafana_secret", "signature_wrong"),
]


def shown(one: Case, header: str, secret: str, spoiled: str = "") -> Reading:
    """What a delivery means whose credential, spoiled or not, and our secret are both guarded."""
    request, known = one.request(), getattr(one.trust, secret)
    credential = request.headers[header]
    credential = credential[: -len(spoiled)] + spoiled if spoiled else credential
    guarded = replace(request, headers={**request.headers, header: Guarded(credential)})
    return read(guarded, replace(one.trust, **{secret: Guarded(known)}))


@pytest.mark.parametrize(("name", "header", "secret", "error"), SENDERS, ids=[one[2] for one in SENDERS])
def test_a_guess_is_judged_in_the_same_time_however_much_of_it_is_right(
    name: str, header: str, secret: str, error: str
):
    one = case(name)
    assert shown(one, header, secret) == read(one.request(), one.trust)
    assert shown(one, header, secret, "!").error == error
    assert shown(one, header, secret, "!!!").error == error
