# SPDX-License-Identifier: Apache-2.0
"""What a chart says is what the records say."""

import xml.etree.ElementTree as ET

import pytest

from training_images.job import charts


def test_the_median_and_the_p95_of_a_chart_are_the_smallest_that_so_many_requests_keep() -> None:
    drawn = charts.latency({"this unit": [float(number) for number in range(1, 201)], "baseline": []}).decode()
    assert "this unit: p50 100 ms, p95 190 ms" in drawn
    assert "baseline" not in drawn, "which was not measured"


def test_the_same_numbers_are_the_same_bytes() -> None:
    sides = {"this unit": [1.0, 2.0, 3.0], "baseline": [2.0, 3.0, 5.0]}
    assert charts.latency(sides) == charts.latency(sides)


def test_requests_too_slow_for_the_axis_are_counted_instead_of_vanishing() -> None:
    usual = [1.0] * 199
    assert "slower, not shown: 1<" in charts.latency({"this unit": [*usual, 100.0]}).decode()
    assert "not shown" not in charts.latency({"this unit": usual}).decode()


def test_the_p95_of_each_side_stands_as_a_line() -> None:
    sides = {"this unit": [1.0, 2.0, 3.0], "baseline": [2.0, 3.0, 5.0]}
    dashed = [line for line in charts.latency(sides).decode().splitlines() if "stroke-dasharray" in line]
    assert ["#1f77b4" in line for line in dashed] == [True, False], "in the colours of the two sides"


def test_answers_that_are_all_right_are_whole_dots_on_the_upper_edge() -> None:
    dots = charts.reliability([0.9, 0.95], [True, True]).decode().partition('id="PathCollection_1"')[2]
    assert "clip-path" not in dots.partition("</g>")[0]


def test_the_axis_of_recall_names_each_k_in_plain_numbers() -> None:
    words = ["".join(text.itertext()) for text in _texts(charts.recall_at_k({"this unit": {1: 0.4, 10: 0.7, 50: 0.9}}))]
    assert words[:3] == ["1", "10", "50"]


@pytest.mark.parametrize(
    ("chart", "title"),
    [
        (charts.loss([1, 2], [0.5, 0.4]), "Loss while learning"),
        (charts.recall_at_k({"index": {1: 0.5}}), "Recall at k"),
    ],
)
def test_a_screen_reader_is_told_what_a_chart_shows(chart: bytes, title: str) -> None:
    assert ET.fromstring(chart).findtext("{http://www.w3.org/2000/svg}title") == title  # noqa: S314 - our own


def _texts(chart: bytes) -> list[ET.Element]:
    return list(ET.fromstring(chart).iter("{http://www.w3.org/2000/svg}text"))  # noqa: S314 - our own
