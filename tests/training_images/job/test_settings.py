# SPDX-License-Identifier: Apache-2.0
"""Settings are text, and a typing error is told before an hour has gone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_images.job.errors import ConfigError
from training_images.job.settings import Settings, from_arguments, from_hyperparameters

NAMES = st.from_regex(r"[a-z][a-z0-9_.]{0,20}", fullmatch=True)
VALUES = st.text(st.characters(codec="ascii", exclude_characters='"'), max_size=20).filter(
    lambda value: not value.startswith("--")
)


@given(st.dictionaries(NAMES, VALUES))
def test_both_ways_of_writing_an_argument_say_the_same(told):
    apart = [word for name, value in told.items() for word in (f"--{name}", value)]
    joined = [f"--{name}={value}" for name, value in told.items()]
    assert from_arguments(apart).given == from_arguments(joined).given == told


@given(st.dictionaries(NAMES, VALUES))
def test_hyperparameters_are_read_with_and_without_the_quotation_marks_of_the_sdk(told):
    told = {name: value for name, value in told.items() if not name.startswith("sagemaker_")}
    quoted = {name: json.dumps(value) for name, value in told.items()}
    assert from_hyperparameters(quoted).given == from_hyperparameters(told).given == told


@pytest.mark.parametrize(
    ("written", "meant"),
    [(r'"acme/gr\u00fcn"', "acme/grün"), (r'"say \"so\""', 'say "so"'), (r'"C:\models"', r"C:\models"), ('"', '"')],
)
def test_what_the_sdk_escaped_is_what_was_meant(written, meant):
    assert from_hyperparameters({"base_name": written}).given == {"base_name": meant}


def test_the_word_that_a_platform_adds_is_left_alone():
    assert from_arguments(["train", "--steps", "3"]).given == {"steps": "3"}


@pytest.mark.parametrize("words", [["-steps", "3"], ["steps", "3"], ["--layers", "2", "3"]])
def test_a_word_that_belongs_to_no_setting_would_be_a_setting_that_nobody_reads(words):
    with pytest.raises(ConfigError, match="belongs to no setting; write --NAME VALUE, with two hyphens"):
        from_arguments(words)


def test_an_argument_without_a_value_is_told():
    with pytest.raises(ConfigError, match="--steps has no value"):
        from_arguments(["--rate", "1", "--steps"])


def test_an_argument_is_not_taken_for_the_value_of_the_one_before_it():
    with pytest.raises(ConfigError, match="--masked has no value"):
        from_arguments(["--masked", "--steps", "10"])
    assert from_arguments(["--why=--so"]).given == {"why": "--so"}


def test_the_command_line_counts_before_the_policy():
    assert from_arguments(["--steps", "3"]).over(Settings(given={"steps": "9", "rate": "1"})).given == {
        "steps": "3",
        "rate": "1",
    }


@pytest.mark.parametrize("written", ["three", "3.5", "-1", ""])
def test_no_whole_number_is_refused_with_what_was_written(written):
    with pytest.raises(ConfigError, match="is not a whole number from 1 on"):
        Settings(given={"steps": written}).integer("steps", least=1)


@pytest.mark.parametrize("written", ["fast", "nan", "inf", "-0.1"])
def test_no_finite_number_is_refused(written):
    with pytest.raises(ConfigError, match="is not a number from"):
        Settings(given={"rate": written}).number("rate")


def test_a_word_that_is_none_of_a_few_is_refused_with_those_that_are():
    with pytest.raises(ConfigError, match="none of ddp, server"):
        Settings(given={"mode": "ring"}).choice("mode", {"ddp", "server"})


def test_a_setting_that_is_needed_says_how_to_give_it():
    with pytest.raises(ConfigError, match="give --base VALUE"):
        Settings().text("base")


def test_what_is_not_given_has_its_default():
    asked = Settings()
    assert (asked.integer("steps", 3), asked.number("rate", 0.5), asked.text("unit", "x")) == (3, 0.5, "x")


@pytest.mark.parametrize("written", ["1.5", "-0.1", "half", "nan"])
def test_a_share_lies_from_0_to_1(written):
    with pytest.raises(ConfigError, match=f"--harmful '?{written}"):
        Settings(given={"harmful": written}).share("harmful", 0.2)


def test_what_names_a_folder_of_the_machine_is_not_told():
    given = {"steps": "3", "output": "/mnt/unit", "checkpoints": "/mnt/kept", "channel.data": "/mnt/data"}
    assert Settings(given=given).without_places() == {"steps": "3"}
