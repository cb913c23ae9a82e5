# SPDX-License-Identifier: Apache-2.0
"""A failure is sentences for a person, and with --json one line for a script."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from federation.cli.root import COMMANDS
from federation.errors import ConflictError, ContractError, MissingError, ServiceError, SettingsError

FIELDS = {"code", "message", "hint", "exit_code"}
FAILURES = {
    "missing": ("status", "--folder", "nowhere"),
    "usage": ("lift", "06", "--who", "eva", "--why", "x"),
    "settings": ("status",),
    "system": ("demo", "--folder", "/dev/null/home"),
}


@pytest.fixture
def moon(monkeypatch):
    monkeypatch.setenv("FEDERATION_HOME", "moon")


@pytest.mark.parametrize("code", FAILURES)
def test_a_script_reads_one_line_on_stdout_and_a_person_the_same_on_stderr(federation, moon, new_home, code):
    words = [*FAILURES[code], *(("--folder", new_home) if code == "usage" else ())]
    answer = federation(*words, "--json")
    (line,) = answer.out.splitlines()
    error = json.loads(line)["error"]
    assert set(error) == FIELDS
    assert (error["code"], error["exit_code"]) == (code, answer.code)
    assert answer.err == "\n".join(filter(None, (f"federation: {error['message']}", error["hint"]))) + "\n"
    plain = federation(*words)
    assert (plain.code, plain.out, plain.err) == (answer.code, "", answer.err)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_tells_a_typing_error_as_json(federation, name):
    answer = federation(name, "--json", "--no-such-option")
    assert answer.code == 2
    assert answer.json["error"]["code"] == "usage"
    assert f"federation {name} --help" in answer.json["error"]["hint"]


def test_what_comes_after_two_dashes_is_no_option(federation):
    answer = federation("explain", "--", "--json", "more")
    assert answer.code == 2
    assert answer.out == ""


def test_a_refusal_is_an_answer_and_no_failure(federation, own):
    answer = federation("resume", "--who", "eva", "--why", "x", "--json", "--folder", own)
    assert answer.code == 10
    assert answer.json[0]["step"] == "govern"


def test_a_choice_that_there_is_not_is_told_without_the_words_of_a_library(federation):
    answer = federation("tick", "bogus")
    assert answer.code == 2
    assert "federation: Invalid value for 'KIND': 'bogus' is not one of 'merge'" in answer.err
    assert "Value error" not in answer.err


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("--folder", "x", "status"), "Write options after the command, as in: federation status --folder"),
        (("rollback", "v1", "--who", "a", "--why", "b"), "federation rollback --to RELEASE"),
        (("rollback", "--why", "b"), "FEDERATION_WHO"),
        (("rolback",), "'rollback'"),
        (("status", "more"), "Usage: federation status [OPTIONS]"),
    ],
)
def test_a_tired_person_is_told_what_to_type(federation, monkeypatch, typed, words):
    monkeypatch.delenv("FEDERATION_WHO", raising=False)
    answer = federation(*typed)
    assert answer.code == 2
    assert words in answer.err


def test_no_command_at_all_is_met_with_the_listing(federation):
    assert federation() == federation("--help")
    assert federation().code == 0


@pytest.mark.parametrize(
    "typed",
    [
        ("status", "--folder", "nowhere"),
        ("validate", "nowhere.json"),
        ("schema", "poem"),
        ("plan", "nowhere.json"),
        ("gate", "nowhere.json", "--policy", "nowhere.json"),
    ],
)
def test_what_is_missing_is_not_looked_for_where_it_cannot_be(federation, typed):
    answer = federation(*typed)
    assert answer.code == 3
    assert "`federation status` lists" not in answer.err


def a_letter(store):
    store.write_text("Dear Eva,")


def no_header(store):
    store.write_bytes(bytes(16) + store.read_bytes()[16:])


def half(store):
    store.write_bytes(store.read_bytes()[: store.stat().st_size // 2])


def emptied(store):
    store.write_bytes(b"")


@pytest.mark.parametrize("command", ["status", "intact", "rollback"])
@pytest.mark.parametrize("damage", [a_letter, no_header, half, emptied])
def test_a_store_whose_file_is_damaged_is_called_that_with_the_page_that_helps(federation, own, damage, command):
    with closing(sqlite3.connect(own / "store.sqlite")) as store:
        store.execute("pragma wal_checkpoint(truncate)")
    damage(own / "store.sqlite")
    who = ("--who", "eva", "--why", "it burns") if command == "rollback" else ()
    answer = federation(command, *who, "--folder", own, "--json")
    assert answer.code == 5
    error = answer.json["error"]
    assert error["code"] == "service"
    assert "is damaged: " in error["message"]
    assert 'docs/operations.md, "When a home was restored from a backup"' in error["hint"]
    assert "disk" not in error["hint"]


def test_a_home_whose_beginning_was_cut_short_can_begin_again(federation, tmp_path, examples):
    """SQLite makes an empty file first."""
    (tmp_path / "store.sqlite").touch()
    assert federation("init", "--policy", examples / "policy.json", "--folder", tmp_path).code == 0
    assert federation("status", "--folder", tmp_path).code == 0


def test_a_home_where_none_can_be_made_is_said_in_a_sentence(federation, examples):
    answer = federation("init", "--policy", examples / "policy.json", "--folder", "/dev/null/home")
    assert answer.code == 6
    assert "the home at /dev/null/home cannot be opened" in answer.err


def _ran(words, **variables):
    return subprocess.run(
        [sys.executable, "-m", "federation", *map(str, words)],
        capture_output=True,
        check=False,
        env={**os.environ, **variables},
    )


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


def test_in_a_locale_that_knows_ascii_only_every_order_and_answer_goes_through(new_home):
    held = _ran(("hold", "--who", "Jürgen", "--why", "größer", "--folder", new_home), **ASCII)
    assert (held.returncode, held.stderr) == (0, b"")
    assert b"J\\xfcrgen: gr\\xf6\\xdfer" in held.stdout
    told = _ran(("status", "--folder", new_home, "--json"), **ASCII)
    assert json.loads(told.stdout)["hold"]["who"] == "Jürgen"


def test_an_answer_that_cannot_be_written_is_one_sentence(played, tmp_path):
    (tmp_path / "answer").touch()
    with (tmp_path / "answer").open("rb") as read_only:
        done = subprocess.run(
            [sys.executable, "-m", "federation", "status", "--folder", str(played)],
            stdout=read_only,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 5
    assert done.stderr.startswith(b"federation: Bad file descriptor\n")
    assert b"` before you give it again" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.fixture
def interruptible():
    """In the background of a shell ^C is ignored, by these tests and by what they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_whoever_interrupts_is_told_that_an_order_goes_on(tmp_path):
    endless = tmp_path / "endless.json"
    os.mkfifo(endless)
    command = [sys.executable, "-m", "federation", "validate", "--json", str(endless)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        endless.open("wb"),  # waits until the command has opened it, too
    ):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert b"check `federation status` before you give it again" in err


def test_whoever_interrupts_while_the_command_is_imported_sees_no_traceback():
    code = """
import runpy, sys
class Pressed:
    def find_spec(self, name, *_):
        if name == "federation.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Pressed())
runpy.run_module("federation", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_a_clouds_client_that_is_not_installed_is_named_with_what_installs_it(tmp_path):
    code = (
        "import sys; sys.modules['botocore.exceptions'] = None; from federation.cli import run; "
        "sys.exit(run(['status', '--json']))"
    )
    variables = {"FEDERATION_HOME": "aws", "FEDERATION_STORE": "s3://acme-store", "FEDERATION_BUS": "federation"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, env={**os.environ, **variables}
    )
    assert done.returncode == 6
    assert json.loads(done.stdout)["error"]["message"] == "botocore.exceptions is not installed here"
    assert b"pip install '.[aws]'" in done.stderr


def test_receive_tells_its_failures_in_json_when_asked(federation, tmp_path):
    words = ("receive", "--entry", "lambda:nothing", "--trust", "nowhere", "nowhere", "--dry-run")
    assert federation(*words).out == ""
    answer = federation(*words, "--json")
    assert answer.code == 2
    assert answer.json["error"]["code"] == "contract"
    assert answer.json["error"]["hint"] == "docs/sources.md lists them."


@pytest.mark.parametrize(
    ("typed", "next_step"),
    [
        (("gate", "nowhere.json"), "how it is spelt"),
        (("gate", "{policy}", "--policy", "nowhere.json"), "how it is spelt"),
        (("plan", "nowhere.json"), "how it is spelt"),
        (("records", "nowhere.json", "--output", "out.jsonl"), "how it is spelt"),
        (("receive", "--dry-run", "--entry", "lambda:sqs", "--trust", "{policy}", "nowhere.json"), "how it is spelt"),
        (("receive", "--dry-run", "--entry", "lambda:sqs", "--trust", "{poem}", "{policy}"), "events/trust.json"),
        (("init", "--policy", "{poem}"), "`federation validate FILE`"),
    ],
)
def test_who_named_a_wrong_file_is_told_a_next_step(federation, examples, tmp_path, typed, next_step):
    poem = tmp_path / "poem.md"
    poem.write_text("Shall I compare thee to a summer's day?")
    words = [word.format(policy=examples / "policy.json", poem=poem) for word in typed]
    assert next_step in federation(*words, "--json").json["error"]["hint"]


def test_a_script_that_compares_each_pair_of_none_reads_why(federation, tmp_path):
    answer = federation("compare", "--each", tmp_path, "--metric", "f1", "--margin", "0.1", "--json")
    assert answer.code == 2
    assert "has no subfolder to compare" in answer.json["error"]["message"]


def test_operations_lists_every_code_that_a_script_may_read():
    page = (Path(__file__).resolve().parents[2] / "docs/operations.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE))
    kinds = (ContractError, MissingError, ConflictError, ServiceError, SettingsError)
    others = {"usage": 2, "system": 5, "login": 6, "denied": 6, "interrupted": 130, "fault": 1}
    assert listed == {
        code: str(number) for code, number in {**{one.code: one.exit_code for one in kinds}, **others}.items()
    }


def in_a_shell(words, folder):
    command = f"{sys.executable} {words} --folder {folder}"
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)


def put(home, statement, *values):
    with closing(sqlite3.connect(home / "store.sqlite")) as database, database:
        database.execute(statement, values)
    return home


@pytest.fixture
def strange(own):
    """A home in which a roll-back tells its story as no version does: no event of it says what was quarantined."""
    with closing(sqlite3.connect(own / "store.sqlite")) as database:
        stored = database.execute("select name, body from documents where name like 'decisions/roll_back/%'").fetchall()
    name, body = next(one for one in stored if b'"quarantined":' in one[1])
    return put(
        own, "update documents set body = ? where name = ?", body.replace(b'"quarantined":', b'"set_aside":'), name
    )


def test_a_strange_home_is_told_without_a_traceback_and_as_json(strange):
    told = in_a_shell("-m federation explain roll_back --json", strange)
    assert told.returncode == 1
    error = json.loads(told.stdout)["error"]
    assert (error["code"], error["exit_code"]) == ("fault", 1)
    assert "a document in the home is damaged" in error["message"]
    assert "Traceback" not in told.stderr
    assert "-X dev" in told.stderr


def test_whoever_asks_for_the_traceback_gets_it(strange):
    assert "Traceback" in in_a_shell("-X dev -m federation explain roll_back", strange).stderr


def test_a_channel_that_was_cut_in_the_middle_is_named_with_what_it_stops(federation, own):
    put(own, "update channels set body = ?", b'{"schema":')
    answer = federation("status", "--folder", own, "--json")
    assert answer.code == 2
    error = answer.json["error"]
    assert error["message"].startswith("the channel production is damaged in the store")
    assert "nothing can be promoted or rolled back" in error["hint"]


def test_a_shell_that_closed_the_output_gets_the_exit_code_and_nothing_else(own):
    told = in_a_shell("-m federation status >&-", own)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def in_a_process(words, **streams):
    command = [sys.executable, "-m", "federation", *map(str, words)]
    return subprocess.Popen(command, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams})


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_where_nobody_can_be_told_the_exit_code_still_says_what_failed(tmp_path, monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    reader, writer = os.pipe()
    os.close(reader)
    with Path("/dev/full").open("wb") as full, os.fdopen(writer, "wb") as closed:
        for stderr in (full, closed):
            with in_a_process(("status", "--folder", tmp_path / "nowhere"), stderr=stderr) as process:
                process.communicate()
            assert process.returncode == 3


@pytest.fixture
def hang_up_heard():
    """Where nohup runs the tests, the commands that they start would ignore SIGHUP too."""
    inherited = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, inherited)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.usefixtures("hang_up_heard")
def test_whoever_ends_a_command_is_told_and_no_folder_is_left_behind(tmp_path, monkeypatch, ending):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with in_a_process(("demo", "--json")) as process:
        assert process.stdout.readline()
        assert list(tmp_path.iterdir())
        process.send_signal(ending)
        _, err = process.communicate()
    assert process.returncode == 130
    assert err.startswith(b"federation: interrupted\n")
    assert not list(tmp_path.iterdir())


def test_whoever_ends_a_simulation_ends_its_processes():
    with in_a_process(("simulate", "--histories", "400", "--jobs", "2")) as process:
        workers = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while len(workers.read_text().split()) < 2:
            time.sleep(0.02)
        time.sleep(1)  # for the pool to know both
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)  # a worker left behind would hold the pipe, and wait for ever
    assert process.returncode == 130


def test_what_nohup_keeps_is_not_ended_with_its_terminal(tmp_path):
    endless = tmp_path / "endless.json"
    os.mkfifo(endless)
    command = ["nohup", sys.executable, "-m", "federation", "validate", str(endless)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        endless.open("wb") as pipe,
    ):
        process.send_signal(signal.SIGHUP)
        pipe.write(b"{}")
        pipe.close()
        process.communicate()
    assert process.returncode == 2
