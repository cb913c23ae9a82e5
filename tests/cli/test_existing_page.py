# SPDX-License-Identifier: Apache-2.0
"""Whoever moves a fleet in by docs/existing.md finds the commands, the rights and the way out that it promises."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from infra.terraform.rights import CALLS

from federation.cli import root
from federation.cli.root import COMMANDS
from federation.core import event as events

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/existing.md").read_text("utf-8")


def test_every_command_option_and_link_of_the_page_leads_somewhere():
    typed = re.findall(r"(?:`|^)federation ([a-z]+)((?: [^`|;\n#$()]+)?)", PAGE, re.MULTILINE)
    assert len(typed) > 8
    for name, rest in typed:
        assert name in COMMANDS
        known = {option for parameter in root.load(name).params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, f"federation {name}{rest}"
    for file, fragment in re.findall(r"\]\(([a-z-]*(?:\.md)?)#([a-z-]+)\)", PAGE):
        titles = re.findall(r"^#+ (.*)$", (ROOT / "docs" / file).read_text("utf-8") if file else PAGE, re.MULTILINE)
        assert fragment in {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_whoever_looks_may_do_what_reading_the_store_needs_and_nothing_else():
    (policy,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    granted = {statement["Action"] for statement in json.loads(policy)["Statement"]}
    reading = {action for call in ("get_object", "list_objects_v2") for action in CALLS["store"][call]}
    assert granted == {*reading, "kms:Decrypt"}
    assert f"`{events.APPROVAL_GIVEN}`" in PAGE


def test_the_backup_on_the_page_is_a_home_that_is_intact(federation, promoted_twice, tmp_path):
    shutil.copytree(promoted_twice, tmp_path / ".federation")
    typed = re.findall(r"^    ((?:mkdir|for) .*)$", PAGE, re.MULTILINE)
    assert len(typed) == 2
    subprocess.run(["sh", "-e", "-c", "\n".join(typed)], cwd=tmp_path, check=True)
    shutil.rmtree(tmp_path / ".federation")
    assert federation("intact", "--folder", tmp_path / "backup").code == 0
    assert federation("replay", "--all", "--folder", tmp_path / "backup").code == 0


KIND = "inference-benchmark"


@pytest.fixture
def without(examples, tmp_path):
    """A function that writes a version of the first policy, with the kind or without it."""

    def write(version, *, kept):
        policy = json.loads((examples.parents[1] / "docs/start/policy.json").read_text("utf-8"))
        policy["version"] = version
        if not kept:
            del policy["gates"][KIND]
            for listed in (policy["matrix"]["aws"], policy["fusion"]["carry"]):
                listed.remove(KIND)
        path = tmp_path / f"policy-{version}.json"
        path.write_text(json.dumps(policy), "utf-8")
        return path

    return write


def test_a_kind_is_retired_by_a_policy_without_it_and_the_next_release(federation, examples, tmp_path, without):
    """And it comes back as soon as a policy has it again."""
    home = tmp_path / "home"
    start, order = examples.parents[1] / "docs/start", ("--who", "eva", "--folder", home, "--why")

    def ship(run, source):
        place = home / "clouds/s3/my-bucket" / run
        shutil.copytree(source, place, ignore=shutil.ignore_patterns("later"))
        (place / "aws_manifest.json").rename(place / "_MANIFEST.json")
        event = tmp_path / f"{run}.json"
        event.write_text((start / "completion.json").read_text("utf-8").replace("run-1", run), "utf-8")
        trust = ("--trust", start / "trust.json", "--folder", home)
        assert federation("receive", event, "--entry", "lambda:eventbridge", *trust).code == 0

    def merge(minute):
        return federation("tick", "merge", "--at", f"2026-11-20T09:{minute}:00Z", "--folder", home).out

    def serve(minute):
        merge(minute)
        assert federation("promote", "--outside-window", *order, f"minute {minute}").code == 0
        return set(federation("lineage", "--folder", home, "--json").json["units"])

    federation("init", "--policy", without(1, kept=True), *order, "a fleet moves in")
    ship("run-1", examples)
    assert serve(10) == {KIND, "runtime-distilled"}
    federation("init", "--policy", without(2, kept=False), *order, "it is retired")
    assert "no unit newer than what serves has passed" in merge(20)
    ship("run-2", examples / "later")
    assert serve(30) == {"runtime-distilled"}
    federation("init", "--policy", without(3, kept=True), *order, "a fleet moves in")
    assert serve(40) == {KIND, "runtime-distilled"}
