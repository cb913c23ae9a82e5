# SPDX-License-Identifier: Apache-2.0
"""Whoever copies from docs/everyday.md gets what it says: a message, metrics, a gate in CI, a way from staging."""

import json
import re
import shutil
import subprocess
import sys
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from federation.cli.root import COMMANDS
from federation.core import event as events

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/everyday.md").read_text("utf-8")
TELL, METRICS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run(program, told, place, **environment):
    """What a program of the page prints about a status."""
    typed = [sys.executable, "-I", "-W", "error", "-c", program]
    done = subprocess.run(typed, input=told, capture_output=True, text=True, cwd=place, env=environment, check=True)
    return done.stdout


class Chat(HTTPServer):
    """A room that remembers what was said in it."""

    def __init__(self):
        self.said = []
        super().__init__(("127.0.0.1", 0), Room)


class Room(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.said.append(json.loads(body)["text"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Nothing: a test's output is its failures."""


@pytest.fixture
def chat():
    with Chat() as room:
        threading.Thread(target=room.serve_forever, args=(0.05,), daemon=True).start()
        yield room
        room.shutdown()


def test_the_room_hears_of_a_roll_back_once_and_of_nothing_that_stays_as_it_was(
    federation, promoted_twice, tmp_path, chat
):
    def ask():
        status = federation("status", "--folder", promoted_twice, "--json").out
        run(TELL, status, tmp_path, CHAT=f"http://127.0.0.1:{chat.server_port}/")

    ask()
    assert chat.said == []
    order = ("--who", "eva", "--why", "it talks nonsense", "--folder", promoted_twice)
    assert federation("rollback", *order).code == 0
    ask()
    ask()
    (said,) = chat.said
    assert said.startswith("spiralverse-ai-federated-v1.0.0 serves: roll_back")
    assert "it talks nonsense" in said


def test_the_room_hears_when_somebody_else_changed_what_is_live_and_nothing_when_a_day_has_passed(
    federation, played, tmp_path, chat
):
    """After a day the status tells of it no more, whether it was mended or not, so nobody may say that it was."""
    status = federation("status", "--folder", played, "--json").json
    moved = {"at": "2026-11-24T20:00:00Z", "why": "the tag v1.0.0 names another commit"}
    for tampered in (None, moved, moved, None, moved):
        told = json.dumps({**status, "tampered": tampered})
        run(TELL, told, tmp_path, CHAT=f"http://127.0.0.1:{chat.server_port}/")
    assert chat.said == [moved["why"], moved["why"]]


def test_a_dashboard_gets_every_live_release_and_what_is_in_quarantine(federation, played, tmp_path):
    status = federation("status", "--folder", played, "--json")
    lines = run(METRICS, status.out, tmp_path).splitlines()
    assert lines[-1] == "# EOF"
    sample = re.compile(r'federation_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[\d.e+]+')
    samples = [line for line in lines if not line.startswith("#")]
    assert all(sample.fullmatch(line) for line in samples)
    families = [line.split()[2] for line in lines[:-1] if line.startswith("#")]
    assert len(families) == len(set(families))
    assert sum("live_since_seconds{" in line for line in samples) == len(status.json["releases"])
    assert f"federation_quarantine {len(status.json['quarantine'])}" in samples
    assert "federation_serves_after_roll_back 1" in samples
    (serving,) = (one for one in status.json["releases"] if one["state"] == "serving")
    since = datetime.fromisoformat(serving["since"]).timestamp()
    assert f'federation_live_since_seconds{{state="serving",release="{serving["name"]}"}} {since}' in samples


def test_the_gate_of_the_ci_job_is_typed_as_the_command_takes_it(federation, tmp_path):
    trial = (ROOT / "docs/evidence.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", trial, re.DOTALL)
    run(program, "", tmp_path)
    validate, gate = re.findall(r"^ {10}federation (.*?)(?: \| tee .*)?$", PAGE, re.MULTILINE)
    files = [str(path) for path in (tmp_path / "candidate").glob("*.jsonl")]
    assert federation(*(within(tmp_path, validate, files))).code == 0
    assert federation(*within(tmp_path, gate, [])).code == 0
    (tmp_path / "candidate/against.jsonl").unlink()
    assert federation(*within(tmp_path, gate, [])).code != 0


def within(place, line, files):
    """A line's words, its paths in a folder, and its pattern as the shell would have it."""
    for word in line.split():
        if word.startswith("candidate/*"):
            yield from files
        else:
            yield str(place / word) if word.endswith(".json") else word


def test_production_approves_what_staging_serves_and_nothing_else(federation, promoted_twice, tmp_path):
    """The page compares artifacts; here the second home is what the first one was."""
    staging = shutil.copytree(promoted_twice, tmp_path / "staging")

    def artifacts(folder, *release):
        units = federation("lineage", *release, "--folder", folder, "--json").json["units"]
        return {kind: unit["artifact"] for kind, unit in units.items()}

    assert artifacts(staging) == artifacts(promoted_twice, "spiralverse-ai-federated-v1.0.1")
    assert artifacts(staging) != artifacts(promoted_twice, "spiralverse-ai-federated-v1.0.0")


def test_every_event_and_every_command_of_the_page_is_there():
    known = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    named = set(re.findall(r"federation\.\w+\.\w+\.v1", PAGE))
    assert named
    assert named <= known
    typed = set(re.findall(r"(?:`|^ +|\$\()federation ([a-z]+)", PAGE, re.MULTILINE))
    assert {"diff", "lineage", "gate"} <= typed
    assert typed <= set(COMMANDS)
