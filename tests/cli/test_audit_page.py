# SPDX-License-Identifier: Apache-2.0
"""Whoever copies from docs/audit.md gets the answers that it promises."""

import re
from datetime import timedelta
from pathlib import Path

from federation.cli import root
from federation.cli.root import COMMANDS
from federation.sources.timely import AHEAD

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "audit.md").read_text("utf-8")
FIRST, SECOND = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.0.1"


def test_every_command_and_option_of_the_page_exists():
    typed = re.findall(r"`?federation ([a-z]+)((?: [^`|;\n#$()]+)?)", PAGE)
    assert len(typed) > 15
    for name, rest in typed:
        assert name in COMMANDS
        known = {option for parameter in root.load(name).params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, f"federation {name}{rest}"


def test_a_withdrawn_data_set_is_followed_to_the_releases_and_the_days_on_which_they_served(federation, played):
    def held(release):
        units = federation("lineage", release, "--folder", played, "--json").json["units"].values()
        return any("articles" in str(unit["datasets"]) for unit in units)

    names = [one["name"] for one in federation("releases", "--folder", played, "--json").json]
    assert all(map(held, names))
    served = federation("served", "--folder", played, "--json").json["served"]
    days = [(one["release"], one["since"], one["until"]) for one in served if held(one["release"])]
    assert (SECOND, "2026-11-24T09:00:00Z", "2026-11-24T14:04:41Z") in days
    assert days[-1] == (FIRST, "2026-11-24T14:04:41Z", None)


def test_the_page_says_by_how_much_a_sender_may_be_ahead_of_us():
    assert f"what is more than {AHEAD // timedelta(minutes=1)} minutes ahead of our clock counts as now" in PAGE


def test_one_name_may_be_two_people_and_the_page_says_so():
    assert "nothing proves it" in PAGE
    assert "one person who types two of them has approved twice" in PAGE
