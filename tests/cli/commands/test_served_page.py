# SPDX-License-Identifier: Apache-2.0
"""Somebody reads the page of one moment, or the table of all: is every fact there, and none that does not hold?"""

from tests.cli.tampering import removed

FIRST, LEFT = "spiralverse-ai-federated-v1.0.0", "2026-11-24T14:04:41Z"


def lines(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_page_of_a_moment_has_what_an_auditor_goes_on_with(federation, played):
    (one,) = federation("served", "--at", LEFT, "--folder", played, "--json").json["served"]
    page = lines(federation("served", "--at", LEFT, "--folder", played).out)
    assert page[0] == f"{FIRST} served from 2026-11-24 14:04:41Z until now"
    assert (
        "gone back to by roll_back: spiralverse-ai-federated-v1.0.1 was rolled back: production-error-rate"
        in " ".join(page)
    )
    facts = {"move 4", f"decision {one['decision']}", f"digest {one['digest']}", f"commit {one['commit']}"}
    named = {"explain": FIRST, "lineage": FIRST, "replay": one["decision"]}
    onward = {f"federation {command} --folder {played} {about}" for command, about in named.items()}
    assert facts | onward <= set(page)
    assert one["policy"]["digest"] in " ".join(page)


def test_where_no_decision_is_stored_the_page_says_so_and_makes_up_no_digest(federation, own):
    (one,) = federation("served", "--at", LEFT, "--folder", own, "--json").json["served"]
    removed(own, one["decision"])
    page = federation("served", "--at", LEFT, "--folder", own).out
    assert page.startswith(f"{FIRST} served from 2026-11-24 14:04:41Z until now")
    assert any(line.startswith("decision not readable") for line in lines(page))
    assert not any(line.startswith(("digest", "commit", "federation replay")) for line in lines(page))


def test_the_table_claims_nothing_that_does_not_hold(federation, played, new_home):
    table = federation("served", "--folder", played).out
    spans = [line.split("  ") for line in table.splitlines()[1:] if FIRST[:-1] in line]
    assert [[word.strip() for word in span if word.strip()][1] for span in spans] == [
        "2026-11-24 09:00:00Z",
        "2026-11-24 14:04:41Z",
        "now",
    ]
    for claim in ("Nothing has served yet", "not shown", "No stored document tells"):
        assert claim not in table
    assert federation("served", "--folder", new_home).out.strip() == "Nothing has served yet."
