# SPDX-License-Identifier: Apache-2.0
"""The page says what was measured, and says it also where joining does not win."""

import json
import xml.etree.ElementTree as ET

import pytest

from training_images.federated import report
from training_images.job.errors import ConfigError


@pytest.fixture(scope="module")
def found():
    return json.loads(report.RESULTS.read_text("utf-8"))


def test_the_committed_page_and_charts_are_made_from_the_committed_results(found, tmp_path):
    page = tmp_path / "consortium.md"
    page.write_text(report.PAGE.read_text("utf-8"), "utf-8")
    report.write(found, page)
    assert page.read_text("utf-8") == report.PAGE.read_text("utf-8")
    for chart in tmp_path.glob("*.svg"):
        assert chart.read_bytes() == (report.PAGE.parent / chart.name).read_bytes()


def test_every_comparison_is_counted_once_and_losses_are_named(found):
    for consortium in found["consortia"].values():
        counted = report.verdicts(consortium)
        assert sum(counted.values()) == len(consortium["members"]) * len(consortium["splits"])
        assert len(consortium["splits"]) >= 3
    text = report.tables(found)
    assert text.count("| worse |") == sum(report.verdicts(one)["worse"] for one in found["consortia"].values())


def test_a_difference_that_cannot_be_measured_is_not_called_undecided():
    split = {"own": {"ada": {"federated less": {"alone ada": [None, None, None]}}}}
    assert report.verdicts({"splits": [split]})["not measurable"] == 1


def test_a_page_without_its_marks_is_left_alone():
    with pytest.raises(ConfigError, match="has lost the marks"):
        report.filled("# Nothing\n", "tables")


def test_charts_are_well_formed(found):
    for name, consortium in found["consortia"].items():
        assert ET.fromstring(report.drawn(name, consortium)).tag.endswith("svg")  # noqa: S314 - our own


def test_a_chart_names_the_mark_and_what_its_lines_are(found):
    for name, consortium in found["consortia"].items():
        chart = report.drawn(name, consortium).decode()
        assert ">0.000</text>" in chart, "where the consortium and a member alone are equal"
        assert "95 % intervals</text>" in chart


def test_a_chart_has_a_background_of_its_own_so_that_its_text_shows_in_every_theme(found):
    for name, consortium in found["consortia"].items():
        assert b'<rect width="100%" height="100%" fill="#fff"/>' in report.drawn(name, consortium)
