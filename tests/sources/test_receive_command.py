# SPDX-License-Identifier: Apache-2.0
"""What does `federation receive` print, and how does it end?"""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from tests.sources.cases import CASES, EVENTS, Case, case
from typer.testing import CliRunner

from federation.cli.commands.receive import receive

APP = typer.Typer()
APP.command()(receive)


@APP.callback()
def root() -> None:
    """A root like that of the true command."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(APP, ["receive", *arguments])


def arguments_of(one: Case, trust: Path) -> list[str]:
    token = one.told.get("token")
    given = ["--dry-run", "--entry", one.told["entry"], "--trust", str(trust), str(EVENTS / one.name / "raw.json")]
    for name, value in one.told.get("headers", {}).items():
        given += ["--header", f"{name}: {value}"]
    for name in one.told.get("after", ()):
        given += ["--after", str(EVENTS / name / "raw.json")]
    if token:
        given += (
            ["--token-error", token["failure"]]
            if "failure" in token
            else ["--token-claims", json.dumps(token["claims"])]
        )
    return [*given, "--authenticated"] if one.told.get("authenticated") else given


def matches(printed: dict[str, Any], told: dict[str, Any]) -> bool:
    return all(printed[key] == value for key, value in told.items())


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_the_printed_object_says_what_the_case_says(one: Case, tmp_path: Path):
    trust = tmp_path / "index.json"
    policy = json.loads((EVENTS / "trust.json").read_bytes()) | one.told.get("trust", {})
    trust.write_text(json.dumps({"policy": policy, "cases": []}))
    result = run(*arguments_of(one, trust))
    printed = json.loads(result.stdout)
    assert [printed[key] for key in ("verdict", "error", "respond")] == [
        one.told[key] for key in ("verdict", "error", "respond")
    ]
    verdicts = [one.told["verdict"], *one.told.get("batch", {}).get("records", ())]
    assert result.exit_code == (2 if "reject" in verdicts else 0)
    assert matches(printed["expect"] or {}, one.told["expect"] or {})
    assert matches(printed["signal"] or {}, one.told["signal"] or {})
    if "batch" in one.told:
        assert [each["verdict"] for each in printed["batch"]] == one.told["batch"]["records"]
        failures = [each["itemIdentifier"] for each in printed["batchItemFailures"]]
        assert failures == one.told["batch"]["batchItemFailures"]


TRUST = str(EVENTS / "trust.json")
BODY = str(EVENTS / "scheduler/eventbridge_classic_rule/raw.json")


def test_without_dry_run_and_without_a_home_it_says_how_to_begin_one(tmp_path: Path):
    result = run("--entry", "lambda:eventbridge", "--trust", TRUST, "--folder", str(tmp_path / "nowhere"), BODY)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "federation init" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--entry", "lambda:nothing", "--trust", TRUST, BODY], 2, "lambda:eventbridge"),
        (["--entry", "lambda:eventbridge", "--trust", TRUST, "no-such-file"], 3, "no-such-file"),
        (["--entry", "lambda:eventbridge", "--trust", "no-such-file", BODY], 3, "no-such-file"),
        (["--entry", "lambda:eventbridge", "--trust", TRUST, "--header", "no colon", BODY], 2, "Name: value"),
        (["--entry", "lambda:eventbridge", "--trust", TRUST, "--token-claims", "[]", BODY], 2, "--token-claims"),
        (["--entry", "lambda:eventbridge", "--trust", TRUST, "--token-claims", "{", BODY], 2, "--token-claims"),
    ],
)
def test_an_input_that_cannot_be_used_is_named(arguments: list[str], code: int, said: str):
    result = run("--dry-run", *arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_json_is_accepted_although_the_output_is_json_anyhow():
    result = run("--dry-run", "--json", "--entry", "lambda:eventbridge", "--trust", TRUST, BODY)
    assert json.loads(result.stdout)["signal"]["name"] == "reconcile"


def test_a_record_that_is_rejected_is_told_although_the_others_of_its_batch_are_accepted():
    result = run(*arguments_of(case("sqs/batch_mixed"), EVENTS / "trust.json"))
    assert result.exit_code == 2
    assert json.loads(result.stdout)["verdict"] == "accept"
    assert result.stderr == "federation: rejected 1 of 4 records: see batch\n"


def test_keys_that_no_trust_document_has_are_named(tmp_path: Path):
    trust = tmp_path / "trust.json"
    trust.write_text(
        json.dumps({"gcp_projects": "acme-ml-prod", "x_ticket": "OPS-7", "aws_accounts": ["111122223333"]})
    )
    result = run("--dry-run", "--entry", "lambda:eventbridge", "--trust", str(trust), BODY)
    assert json.loads(result.stdout)["signal"]["name"] == "reconcile"
    said = "is not a key of a trust document and has no effect"
    assert result.stderr.splitlines() == [
        f"federation: `gcp_projects` in {trust} {said}; did you mean `gcp_project`?",
        f"federation: `x_ticket` in {trust} {said}",
    ]


def piped(body: bytes | None) -> subprocess.CompletedProcess[bytes]:
    words = ("receive", "--dry-run", "--entry", "lambda:eventbridge", "--trust", TRUST, "-")
    command = shlex.join([sys.executable, "-m", "federation", *words])
    command = command if body else f"{command} <&-"
    return subprocess.run(["sh", "-c", command], input=body, capture_output=True, check=False)


def test_a_dash_is_stdin():
    done = piped(Path(BODY).read_bytes())
    assert done.returncode == 0
    assert json.loads(done.stdout)["signal"]["name"] == "reconcile"


def test_a_stdin_that_is_closed_is_told():
    done = piped(None)
    assert done.returncode == 3
    assert done.stderr.startswith(b"federation: stdin cannot be read: ")


def test_a_push_of_two_refs_prints_both():
    two = case("huggingface/push_main_and_tag")
    printed = json.loads(run(*arguments_of(two, EVENTS / "trust.json")).stdout)
    assert printed["expect"]["ref"] == "refs/heads/main"
    assert [one["ref"] for one in printed["also"]] == ["refs/tags/v1.4.0"]
