# SPDX-License-Identifier: Apache-2.0
"""Every release and what became of it."""

import json

from tests.cli.tampering import damaged

from federation.cli.home.opened import opened
from federation.core import names
from federation.core.digest import canonical, digest
from federation.core.report import Basis


def test_the_release_that_was_left_says_so(federation, played):
    found = {line["name"]: line for line in federation("releases", "--folder", played, "--json").json}
    assert found["spiralverse-ai-federated-v1.0.0"]["state"] == "serving"
    assert found["spiralverse-ai-federated-v1.0.0"]["baseline"] is None
    assert found["spiralverse-ai-federated-v1.0.1"]["state"] == "rolled back"
    assert found["spiralverse-ai-federated-v1.0.1"]["baseline"] == "spiralverse-ai-federated-v1.0.0"
    assert all(line["published"] for line in found.values())


def test_the_table_names_each_of_them(federation, played):
    page = federation("releases", "--folder", played).out
    assert "rolled back" in page
    lines = [line for line in page.splitlines() if "v1.0.1  spiralverse/" in line]
    assert len(lines) == 1, "so that searching for a release finds all of its units"
    assert "spiralverse/embedder-v2, spiralverse/inference-benchmark-v1" in lines[0]


def test_damaged_decisions_of_people_cost_no_line_of_the_table(federation, forgetful):
    before = federation("releases", "--folder", forgetful).out
    damaged(forgetful, "decisions/govern/%")
    page = federation("releases", "--folder", forgetful).out
    assert page.count("spiralverse-ai-federated-v1.0.1") >= 2
    assert "Damaged documents, so a roll-back may be missing here" in page
    assert "Damaged" not in before


def test_before_the_first_merge_there_is_none(federation, new_home):
    assert f"`federation tick --folder {new_home} merge`" in federation("releases", "--folder", new_home).out
    assert federation("releases", "--folder", new_home, "--json").json == []


def test_a_metric_is_followed_from_the_floor_through_each_release_that_brought_a_unit(federation, played):
    points = federation("releases", "--metric", "accuracy", "--folder", played, "--json").json
    own = [point for point in points if point["kind"] == "textgen-lora"]
    assert [(one["unit"], one["release"][-6:], one["against"]) for one in own] == [
        ("spiralverse/textgen-lora-v1", "v1.0.0", None),
        ("spiralverse/textgen-lora-v2", "v1.0.1", "spiralverse-ai-federated-v1.0.0"),
    ]
    assert [one["check"] for one in own] == ["accuracy against floor", "accuracy against baseline"]
    changed = federation("diff", "v1.0.0", "v1.0.1", "--folder", played, "--json").json["units"]["textgen-lora"]
    assert own[1]["numbers"] in [finding["numbers"] for finding in changed["findings"]], "as the report has them"
    carried = [point for point in points if point["kind"] == "policy-adapter"]
    assert [point["release"][-6:] for point in carried] == ["v1.0.0"], "where it came, and nowhere else"


def test_its_page_has_the_estimates_with_their_bounds_by_kind(federation, played):
    page = federation("releases", "--metric", "p95", "--folder", played).out
    assert page.startswith("p95 of 10 units in 2 releases.\n")
    first, second = (line.split() for line in page.splitlines() if "spiralverse/embedder-v" in line)
    assert first[2:] == ["nothing", "53", "57.2"], "one bound: a budget is about the worse side"
    assert second[2:] == ["spiralverse-ai-federated-v1.0.0", "0.989", "0.871", "1.16"]
    assert "the ratio to that release's" in page


def test_what_was_lost_in_small_steps_since_the_anchor_is_a_line_of_its_own(federation, own):
    """The report of a release that an anchor was frozen for, beside which the demo's second would have been assembled."""
    with opened(own) as home:
        store = home.ports.store
        release = json.loads(store.read(names.release("spiralverse-ai-federated-v1.0.1")))
        unit = release["units"]["textgen-lora"]
        (place,) = (name for name in store.names("reports/textgen-lora/") if unit["report"] in told_by(store, name))
        told = json.loads(store.read(place))
        (step,) = (one for one in told["report"]["findings"] if one["check"] == "accuracy against baseline")
        told["report"]["findings"].append(
            {**step, "check": "accuracy against anchor", "numbers": {**step["numbers"], "estimate": "-0.0125"}}
        )
        release["anchor"] = {"name": "spiralverse-ai-federated-v0.9.0", "digest": digest("frozen")}
        release["name"], unit["report"] = "spiralverse-ai-federated-v1.0.2", digest(told["report"])
        basis = Basis(
            baseline=release["baseline"]["digest"], anchor=digest("frozen"), policy=release["policy"]["digest"]
        )
        store.keep(names.release(release["name"]), canonical(release))
        store.keep(names.report(basis.digest, "textgen-lora", 2), canonical(told))
    points = federation("releases", "--metric", "accuracy", "--folder", own, "--json").json
    of_it = [one for one in points if (one["release"], one["kind"]) == (release["name"], "textgen-lora")]
    assert [(one["against"], one["check"]) for one in of_it] == [
        ("spiralverse-ai-federated-v1.0.0", "accuracy against baseline"),
        ("spiralverse-ai-federated-v0.9.0", "accuracy against anchor"),
    ]
    page = federation("releases", "--metric", "accuracy", "--folder", own).out
    assert "v0.9.0, the anchor  -0.0125" in page


def told_by(store, name):
    return digest(json.loads(store.read(name))["report"])


def test_a_metric_that_no_report_has_is_answered_with_those_that_there_are(federation, played):
    answer = federation("releases", "--metric", "acuracy", "--folder", played)
    assert answer.code == 3
    assert "no report has 'acuracy'; they have 'accuracy', 'bits_per_byte', 'cost per token', 'ndcg'" in answer.err


def test_a_damaged_report_is_a_line_of_its_own_and_hides_no_other(federation, own):
    damaged(own, "reports/textgen-lora/000000001/%")
    page = federation("releases", "--metric", "accuracy", "--folder", own).out
    (line,) = (line for line in page.splitlines() if "textgen-lora-v1" in line)
    assert line.endswith("its report is lost or damaged")
    assert "textgen-lora-v2" in page


def test_before_the_first_merge_no_metric_has_moved(federation, new_home):
    asked = ("releases", "--metric", "accuracy", "--folder", new_home)
    assert federation(*asked).out == "accuracy of 0 units in 0 releases.\n"
    assert federation(*asked, "--json").json == []


def test_after_years_the_last_thirty_are_shown_and_the_others_counted(federation, own):
    with opened(own) as home:
        made = json.loads(home.ports.store.read(names.release("spiralverse-ai-federated-v1.0.1")))
        for number in range(2, 40):
            other = f"spiralverse-ai-federated-v1.0.{number}"
            home.ports.store.keep(names.release(other), canonical({**made, "name": other}))
    page = federation("releases", "--folder", own).out
    assert "v1.0.39" in page
    assert "v1.0.10" in page
    assert "v1.0.9 " not in page
    assert page.endswith(f"10 older releases not shown; to show all: federation releases --folder {own} --all\n")
    assert "v1.0.9 " in federation("releases", "--all", "--folder", own).out
    assert len(federation("releases", "--folder", own, "--json").json) == 40
    asked = ("releases", "--metric", "accuracy", "--folder", own)
    assert federation(*asked).out.endswith("\n\n10 older releases not read; to see all, add --all\n")
    assert "older" not in federation(*asked, "--all").out
