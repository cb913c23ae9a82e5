# SPDX-License-Identifier: Apache-2.0
"""Does every payload of `events/` mean what its folder says?"""

import pytest
from tests.sources.cases import CASES, Case, differences

from federation.sources.readers import ENTRIES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_payload_means_what_its_folder_says(case: Case):
    assert differences(case.reading(), case.told) == []


def test_there_is_a_case_for_every_entry():
    assert {case.told["entry"] for case in CASES} == set(ENTRIES)


TOKENS = [one for one in CASES if "token" in one.told]
GOOD_TOKENS = [one for one in TOKENS if not str(one.told["error"]).startswith("oidc_")]


@pytest.mark.parametrize("case", GOOD_TOKENS, ids=lambda case: case.name)
def test_a_sender_proven_at_the_edge_reads_like_the_claims_of_its_token(case: Case):
    proven = Case(name=case.name, body=case.body, told={**case.told, "token": None, "authenticated": True})
    assert differences(proven.reading(), case.told) == []


@pytest.mark.parametrize("case", TOKENS, ids=lambda case: case.name)
def test_the_same_payload_without_its_token_is_refused(case: Case):
    bare = Case(name=case.name, body=case.body, told={**case.told, "token": None})
    reading = bare.reading()
    assert (reading.verdict, reading.error, reading.respond) == ("reject", "oidc_missing", 401)
    assert reading.completions == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_reading_says_why_in_a_bounded_ascii_sentence(case: Case):
    why = case.reading().why
    assert why.endswith(".")
    assert len(why) < 600
    assert why.isprintable()
