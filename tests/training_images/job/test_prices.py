# SPDX-License-Identifier: Apache-2.0
"""Every cost is of one table, and a machine that the table does not know costs nobody nothing."""

from decimal import Decimal

import pytest

from training_images.job.errors import ConfigError
from training_images.job.naming import unit_name
from training_images.job.prices import UNKNOWN, prices
from training_images.job.settings import Settings
from training_images.job.spec import JobSpec


def test_half_an_hour_costs_half_of_what_an_hour_does():
    table = prices()
    assert table.of("aws", "ml.m5.large", 1800) * 2 == table.an_hour("aws", "ml.m5.large")


def test_prices_are_exact_to_a_billionth():
    assert prices().of("local", "core", 1) == Decimal("0.000008333")


def test_an_unknown_machine_is_told_with_those_that_are_known():
    with pytest.raises(ConfigError, match=r"no 'ml.x9' of aws.*it knows core, ml.m5.large"):
        prices().an_hour("aws", "ml.x9")


def test_where_nobody_says_the_machine_it_is_asked_for_and_no_row_of_the_table():
    with pytest.raises(ConfigError, match="give --machine, one of core, n1-standard-4"):
        prices().an_hour("gcp", UNKNOWN)


def spec(tmp_path, **settings):
    return JobSpec(
        platform="local",
        name="job",
        kind=None,
        settings=Settings(given=settings),
        output=tmp_path,
        checkpoints=tmp_path,
        failure=tmp_path / "failure",
        machine="core",
        region="here",
    )


def test_a_unit_may_be_named_and_must_then_be_of_its_kind(tmp_path):
    assert unit_name(spec(tmp_path, unit="acme/embedder-v3"), "embedder") == "acme/embedder-v3"
    with pytest.raises(ConfigError, match="ORG/embedder-vN"):
        unit_name(spec(tmp_path, unit="acme/textgen-lora-v3"), "embedder")


def test_a_unit_that_nobody_named_is_newer_than_the_last(tmp_path):
    name = unit_name(spec(tmp_path, org="acme"), "embedder")
    assert name.startswith("acme/embedder-v")
    assert int(name.rpartition("-v")[2]) > 29_000_000
