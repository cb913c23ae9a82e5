# SPDX-License-Identifier: Apache-2.0
"""Two files of records are compared: the exit code is the verdict, and the page says by how much and on which items."""

import json
import random
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from federation.cli.commands.compare import compare

APP = typer.Typer()
APP.command()(compare)


def lines(scores, prefix="item"):
    return "".join(
        json.dumps({"item": f"{prefix}-{index}", "scores": {"accuracy": score}}) + "\n"
        for index, score in enumerate(scores)
    )


def write(folder: Path, **sides: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in sides.items():
        (folder / f"{name}.jsonl").write_text(body)
    return folder


def run(*arguments):
    return CliRunner().invoke(APP, [*map(str, arguments), "--metric", "accuracy", "--margin", "0.02"])


def single(folder, *more):
    return run(folder / "candidate.jsonl", folder / "baseline.jsonl", *more)


SAME, WORSE, FEW = [1] * 1000, [1] * 900 + [0] * 100, [1] * 50


def test_a_pass_exits_0_and_tells_the_numbers(tmp_path):
    result = single(write(tmp_path, candidate=lines(SAME), baseline=lines(SAME)))
    assert result.exit_code == 0
    assert result.stdout.startswith("PASS: accuracy did not change")
    assert "95 % bounds" in result.stdout


def test_a_fail_exits_10_and_lists_the_items_that_flipped(tmp_path):
    result = single(write(tmp_path, candidate=lines(WORSE), baseline=lines(SAME)))
    assert result.exit_code == 10
    assert result.stdout.startswith("FAIL: accuracy fell by 0.1")
    assert "'item-949'" in result.stdout
    assert "'item-950'" not in result.stdout


def in_categories(*, scores):
    """Twenty items about refunds, and 980 about everything else; the scores of each."""
    told = [("refunds", score) for score in scores[:20]] + [("rest", score) for score in scores[20:]]
    return "".join(
        json.dumps({"item": f"item-{index}", "category": category, "scores": {"accuracy": score}}) + "\n"
        for index, (category, score) in enumerate(told)
    )


def test_a_category_that_is_lost_within_the_margin_is_named(tmp_path):
    before = in_categories(scores=[1] * 20 + [0] * 20 + [1] * 960)
    after = in_categories(scores=[0] * 20 + [1] * 20 + [1] * 960)
    folder = write(tmp_path, candidate=after, baseline=before)
    page = single(folder)
    assert page.exit_code == 0
    assert "'refunds': 20 of 20 items got worse, 0 better" in page.stdout
    assert "'rest'" not in page.stdout
    found = json.loads(single(folder, "--json").stdout)
    assert found["categories"] == [{"category": "refunds", "items": 20, "worse": 20, "better": 0}]


def test_without_categories_none_is_named(tmp_path):
    folder = write(tmp_path, candidate=lines(WORSE), baseline=lines(SAME))
    assert "Categories" not in single(folder).stdout
    assert json.loads(single(folder, "--json").stdout)["categories"] == []


def test_too_few_items_exit_10(tmp_path):
    result = single(write(tmp_path, candidate=lines(FEW), baseline=lines(FEW)))
    assert result.exit_code == 10
    assert result.stdout.startswith("INCONCLUSIVE")


def test_json_holds_the_same_numbers(tmp_path):
    result = single(write(tmp_path, candidate=lines(WORSE), baseline=lines(SAME)), "--json")
    found = json.loads(result.stdout)
    assert found["verdict"] == "fail"
    assert found["estimate"] == -0.1
    assert found["n"] == 1000
    assert found["lower"] < -0.1 < found["upper"] < -0.02
    assert found["detectable"] > 0
    assert found["against"] == "baseline"
    assert len(found["flipped"]) == 50
    assert "fell by 0.1" in found["reason"]


def test_the_stricter_of_baseline_and_anchor_is_reported(tmp_path):
    folder = write(tmp_path, candidate=lines(WORSE), baseline=lines(WORSE), anchor=lines(SAME))
    result = single(folder, "--anchor", folder / "anchor.jsonl", "--json")
    assert result.exit_code == 10
    assert json.loads(result.stdout)["against"] == "anchor"


def test_where_lower_is_better_fewer_ones_pass(tmp_path):
    folder = write(tmp_path, candidate=lines(WORSE), baseline=lines(SAME))
    assert single(folder, "--lower-is-better").exit_code == 0


def test_a_broken_file_exits_2_and_names_file_and_line(tmp_path):
    folder = write(tmp_path, candidate=lines([1]) + '{"item":"x","scores":{"accuracy":NaN}}\n', baseline=lines(SAME))
    result = single(folder)
    assert result.exit_code == 2
    assert "candidate.jsonl" in result.stderr
    assert "line 2" in result.stderr
    assert single(folder, "--json").exit_code == 2
    told = json.loads(single(folder, "--json").stdout)
    assert told["verdict"] == "inconclusive"
    assert told["error"]["code"] == "contract"
    assert told["error"]["exit_code"] == 2
    assert told["error"]["message"] == told["reason"]


def test_a_score_by_another_name_is_told_which_names_there_are(tmp_path):
    f1 = '{"item": "one", "scores": {"exact": 1, "f1": 0.5}}\n'
    result = single(write(tmp_path, candidate=f1, baseline=lines(SAME)))
    assert result.exit_code == 2
    assert "candidate.jsonl: the first line has no score 'accuracy'; it has 'exact', 'f1'\n" in result.stderr
    assert "--metric" in result.stderr
    assert "it has 'exact'" in json.loads(single(tmp_path, "--json").stdout)["reason"]


@pytest.mark.parametrize("first", ["", "[]\n", '{"item": "one", "scores": {}}\n', '{"item": "one"}\n', "no JSON\n"])
def test_a_first_line_without_any_score_is_a_fault_of_its_line(tmp_path, first):
    result = single(write(tmp_path, candidate=first, baseline=lines(SAME)))
    assert result.exit_code == 2
    assert "it has" not in result.stderr


def test_a_file_that_is_not_there_exits_2(tmp_path):
    result = single(write(tmp_path, candidate=lines(SAME)))
    assert result.exit_code == 2
    assert "baseline.jsonl cannot be read" in result.stderr


def test_different_items_are_inconclusive(tmp_path):
    folder = write(tmp_path, candidate=lines(SAME), baseline=lines([*SAME, 1]))
    result = single(folder, "--json")
    assert result.exit_code == 10
    found = json.loads(result.stdout)
    assert (found["verdict"], found["estimate"], found["n"]) == ("inconclusive", None, 1000)
    assert "'item-1000'" in found["reason"]


def test_every_folder_gives_one_line_in_order_and_a_broken_one_stops_nothing(tmp_path):
    write(tmp_path / "b-fails", candidate=lines(WORSE), baseline=lines(SAME))
    write(tmp_path / "a-passes", candidate=lines(SAME), baseline=lines(SAME))
    write(tmp_path / "c-broken", candidate="not json\n", baseline=lines(SAME))
    write(tmp_path / "d-anchor", candidate=lines(WORSE), baseline=lines(WORSE), anchor=lines(SAME))
    write(tmp_path / "e-few", candidate=lines(FEW), baseline=lines(FEW))
    (tmp_path / "notes.txt").write_text("not a pair")
    result = run("--each", tmp_path)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["pair"], line["verdict"]) for line in found] == [
        ("a-passes", "pass"),
        ("b-fails", "fail"),
        ("c-broken", "inconclusive"),
        ("d-anchor", "fail"),
        ("e-few", "inconclusive"),
    ]
    assert list(found[0]) == ["pair", "verdict", "estimate", "lower", "upper", "n", "detectable"]
    assert found[3]["against"] == "anchor"
    assert "candidate.jsonl" in found[2]["reason"]
    assert "line 1" in found[2]["reason"]
    assert found[2]["lower"] is None
    assert result.exit_code == 2


def test_without_a_broken_pair_each_exits_0(tmp_path):
    write(tmp_path / "one", candidate=lines(WORSE), baseline=lines(SAME))
    assert run("--each", tmp_path).exit_code == 0


def test_an_empty_folder_has_nothing_to_compare(tmp_path):
    assert "has no subfolder to compare" in str(run("--each", tmp_path).exception)


@pytest.mark.parametrize("margin", ["nan", "-0.1", "inf"])
def test_a_margin_that_is_no_allowance_is_refused(tmp_path, margin):
    folder = write(tmp_path, candidate=lines(SAME), baseline=lines(SAME))
    command = [str(folder / "candidate.jsonl"), str(folder / "baseline.jsonl"), "--metric", "accuracy"]
    assert CliRunner().invoke(APP, [*command, "--margin", margin]).exit_code == 2


def test_one_pair_and_every_pair_cannot_be_asked_at_once(tmp_path):
    folder = write(tmp_path, candidate=lines(SAME), baseline=lines(SAME))
    assert single(folder, "--each", tmp_path).exit_code == 2
    assert run(folder / "candidate.jsonl").exit_code == 2


def test_real_scores_are_compared_too(tmp_path):
    draw = random.Random(3)
    theirs = [draw.random() for _ in range(300)]
    mine = [min(1.0, score + 0.05 * draw.random()) for score in theirs]
    result = single(write(tmp_path, candidate=lines(mine), baseline=lines(theirs)), "--json", "--seed", "4")
    assert result.exit_code == 0
    again = single(tmp_path, "--json", "--seed", "4")
    assert again.stdout == result.stdout


def test_a_worse_candidate_at_the_margin_seldom_passes_and_an_equal_one_mostly_does(tmp_path):
    draw = random.Random(11)
    for index in range(120):
        theirs = [draw.random() < 0.8 for _ in range(700)]
        loss = 0.05 if index % 2 else 0.0
        mine = [flipped(draw, right, loss) for right in theirs]
        write(tmp_path / f"p{index:03}", candidate=lines(map(int, mine)), baseline=lines(map(int, theirs)))
    arguments = ["--each", str(tmp_path), "--metric", "accuracy", "--margin", "0.05"]
    verdicts = [json.loads(line)["verdict"] for line in CliRunner().invoke(APP, arguments).stdout.splitlines()]
    assert verdicts[1::2].count("pass") <= 9
    assert verdicts[0::2].count("pass") >= 54


def flipped(draw: random.Random, right: bool, loss: float) -> bool:
    """Loses `loss` of all items on balance: among the 80 % right ones more flip than among the wrong ones."""
    chance = (0.05 + loss) / 0.8 if right else 0.05 / 0.2
    return right != (draw.random() < chance)
