# SPDX-License-Identifier: Apache-2.0
"""A function that is killed leaves nothing behind that would finish its work: otherwise no test would see a crash."""

import threading
import time
from contextlib import suppress

from infra.emulators.doors import answered
from infra.emulators.framework import running

SLOW = """
import time
from pathlib import Path

import functions_framework


@functions_framework.http
def slow(request):
    folder = Path(__file__).parent
    (folder / "begun").touch()
    time.sleep(0.5)
    (folder / "done").touch()
    return "done"
"""


def test_a_killed_function_does_not_finish_what_it_has_begun(tmp_path):
    (tmp_path / "main.py").write_text(SLOW, "utf-8")
    with running({"slow": {}}, tmp_path / "main.py") as functions:
        function = functions["slow"]
        asker = threading.Thread(target=ask, args=(function.url,))
        asker.start()
        until((tmp_path / "begun").exists)
        function.kill()
        asker.join()
        time.sleep(1)
        assert not (tmp_path / "done").exists()
        function.start()
        function.wait()
        assert answered(function.url, b"", {}).body == b"done"


def ask(url):
    with suppress(OSError):
        answered(url, b"", {})


def until(condition):
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
