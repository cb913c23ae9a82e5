# SPDX-License-Identifier: Apache-2.0
"""A token that we gave, or a proof at the edge: which of them opens the door, and which shuts it?"""

import pytest

from federation.sources.bearer import authentic
from federation.sources.reading import Request, UnreadableError

RIGHT, WRONG, OTHER = "Bearer hush", "Bearer hash", "Digest hush"


def knock(given: str | None, known: str | None, *, proven: bool) -> None:
    headers = {} if given is None else {"authorization": given}
    authentic(Request(entry="test", body=b"", headers=headers, proven=proven), known)


@pytest.mark.parametrize(
    ("given", "known", "proven"),
    [
        (RIGHT, "hush", False),
        ("bearer  hush ", "hush", False),
        (RIGHT, "hush", True),
        (None, "hush", True),
        (None, None, True),
        (WRONG, None, True),
    ],
)
def test_our_token_opens_the_door_and_so_does_the_edge_where_none_can_be_compared(given, known, *, proven: bool):
    knock(given, known, proven=proven)


@pytest.mark.parametrize("proven", [True, False])
@pytest.mark.parametrize("given", [WRONG, OTHER, "hush", ""])
def test_a_token_that_is_not_ours_shuts_it_even_with_a_proof_at_the_edge(given, *, proven: bool):
    with pytest.raises(UnreadableError) as refused:
        knock(given, "hush", proven=proven)
    assert refused.value.error == "sender_not_authenticated"


@pytest.mark.parametrize(("given", "known"), [(None, "hush"), (None, None), (RIGHT, None)])
def test_where_nothing_can_be_compared_and_nothing_is_proven_it_stays_shut(given, known):
    with pytest.raises(UnreadableError, match="no bearer token, or the trust document has none"):
        knock(given, known, proven=False)
