# SPDX-License-Identifier: Apache-2.0
"""What a chart says is what the records say."""

from training_images.job import charts


def test_the_median_and_the_p95_of_a_chart_are_the_smallest_that_so_many_requests_keep() -> None:
    drawn = charts.latency({"this unit": [float(number) for number in range(1, 201)], "baseline": []}).decode()
    assert "this unit: p50 100 ms, p95 190 ms" in drawn
    assert "baseline" not in drawn, "which was not measured"


def test_the_same_numbers_are_the_same_bytes() -> None:
    sides = {"this unit": [1.0, 2.0, 3.0], "baseline": [2.0, 3.0, 5.0]}
    assert charts.latency(sides) == charts.latency(sides)
