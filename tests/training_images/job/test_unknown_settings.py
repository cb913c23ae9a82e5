# SPDX-License-Identifier: Apache-2.0
"""A misspelt setting is told before an hour of learning with the usual value."""

import re
from pathlib import Path

import pytest

from training_images.job.errors import ConfigError
from training_images.job.unknown_settings import EVERYWHERE, refuse_unknown

README = Path(__file__).resolve().parents[3] / "training_images" / "README.md"
OWN = {"steps", "rate", "seed"}


def test_what_the_image_or_the_library_asks_for_is_taken():
    assert refuse_unknown([*OWN, *EVERYWHERE, "channel.data"], OWN) is None


def test_what_the_readme_says_that_every_image_knows_is_known():
    page = " ".join(README.read_text("utf-8").split())
    told = re.findall(r"`([a-z.]+)(?:NAME)?`", page[page.index("Every image knows") :].partition("; its own README")[0])
    assert len(told) > 6
    refuse_unknown(told, ())


def test_a_misspelt_setting_is_refused_with_the_one_that_was_meant():
    with pytest.raises(ConfigError) as told:
        refuse_unknown(["stepz", "seed"], OWN)
    assert str(told.value) == (
        "nobody here reads --stepz (did you mean --steps?); this image's own settings are rate, seed, steps"
    )


def test_one_that_is_like_no_other_is_refused_too():
    with pytest.raises(ConfigError, match=r"nobody here reads --bucket, --zz"):
        refuse_unknown(["zz", "bucket"], {"steps"})


def test_what_a_platforms_tuner_adds_for_itself_is_let_be():
    assert refuse_unknown(["_tuning_objective_metric"], OWN) is None
