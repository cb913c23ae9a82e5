# SPDX-License-Identifier: Apache-2.0
"""A shell, and homes to type into: an empty one under a policy, and the demo's after its two weeks."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from federation.cli import run
from federation.core.channel import REMEMBERED
from federation.demo.clouds import upload
from federation.demo.show import play, staged
from federation.demo.story import first_week, second_week
from federation.demo.wire_aws import training_job

LATE = "s3://spiralverse-artifacts/models/late/output/"
EXAMPLES = Path(__file__).resolve().parents[2] / "training" / "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a shell gets back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def federation(capsys):
    """Type a command."""

    def typed(*arguments: object) -> Answer:
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Answer(code=code, out=out, err=err)

    return typed


@pytest.fixture(scope="session")
def examples():
    return EXAMPLES


@pytest.fixture
def new_home(tmp_path, federation):
    """A home under the examples' policy, to which nothing has come."""
    folder = tmp_path / "home"
    federation("init", "--policy", EXAMPLES / "policy.json", "--folder", folder)
    return folder


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """The demo's home; a test that gives orders takes `own` instead."""
    folder = tmp_path_factory.mktemp("played") / "home"
    assert list(play(folder, EXAMPLES))
    return folder


@pytest.fixture
def own(played, tmp_path):
    """A copy of the demo's home."""
    folder = tmp_path / "own"
    shutil.copytree(played, folder)
    return folder


@pytest.fixture
def forgetful(own, federation):
    """The demo's home, so many moves later that its channel has forgotten the promotions and the roll-back."""
    for number in range(REMEMBERED // 2 + 1):
        for order in ("hold", "resume"):
            assert federation(order, "--why", f"night {number}", "--who", "eva", "--folder", own).code == 0
    return own


@pytest.fixture(scope="session")
def before_the_alarm(tmp_path_factory):
    """The demo's home after its second promotion; a test that changes it takes `promoted_twice` instead."""
    folder = tmp_path_factory.mktemp("twice") / "home"
    with staged(folder, EXAMPLES) as stage:
        assert [*first_week(stage), *second_week(stage)]
    return folder


@pytest.fixture
def promoted_twice(before_the_alarm, tmp_path):
    """A copy of it."""
    return shutil.copytree(before_the_alarm, tmp_path / "twice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A home to which a job's event came in vain, for something is wrong with the place of its manifest."""

    home: Path
    manifest: Path

    def mend(self):
        self.manifest.unlink()
        upload(EXAMPLES / "aws_manifest.json", self.home / "clouds", LATE)


@pytest.fixture
def stuck(federation, new_home, tmp_path):
    manifest = new_home / "clouds" / LATE.replace("://", "/") / "_MANIFEST.json"
    manifest.parent.mkdir(parents=True)
    os.mkfifo(manifest)
    body = tmp_path / "body.json"
    body.write_bytes(training_job("late", f"{LATE}model.tar.gz", "2026-11-15T05:40:00Z").body)
    trust = tmp_path / "trust.json"
    trust.write_text('{"aws_accounts": ["111122223333"], "s3_buckets": ["spiralverse-artifacts"]}')
    arguments = ("--entry", "lambda:eventbridge", "--trust", trust, "--folder", new_home, body)
    answer = federation("receive", *arguments)
    assert answer.code == 5
    assert "federation redrive" in answer.err
    return Stuck(home=new_home, manifest=manifest)
