# SPDX-License-Identifier: Apache-2.0
"""What does a home hear of its jobs while one of its platforms is down?"""

import pytest

from federation.errors import ServiceError, SettingsError
from federation.wiring.dispatch import TrainerByPlatform


class Platform:
    """Tells of one job that ended, unless it is down or configured wrong, or its answer lacks what it always had."""

    def __init__(self, name, *, down=False, wrong=False, told=None):
        self.name, self.down, self.wrong = name, down, wrong
        self.told = {"systemData": f"a job on {name}"} if told is None else told

    def finished(self):
        if self.down:
            raise ServiceError(f"{self.name} is down")
        if self.wrong:
            raise SettingsError(f"{self.name} has no region")
        return [{"resource": self.told["systemData"]}]


def home(**platforms):
    return TrainerByPlatform({name: lambda one=one: one for name, one in platforms.items()})


def test_a_platform_that_is_down_hides_no_job_of_the_others(caplog):
    found = home(aws=Platform("aws"), hf=Platform("hf", down=True), gcp=Platform("gcp")).finished()
    assert [one["resource"] for one in found] == ["a job on aws", "a job on gcp"]
    (told,) = caplog.messages
    assert told == "hf does not say which jobs have ended, and the next sweep asks again: hf is down"


def test_a_platform_whose_answer_nobody_foresaw_hides_no_job_of_the_others(caplog):
    found = home(azure=Platform("azure", told={}), gcp=Platform("gcp")).finished()
    assert [one["resource"] for one in found] == ["a job on gcp"]
    (record,) = caplog.records
    assert record.exc_info[0] is KeyError
    assert record.levelname == "ERROR", "the next sweep finds the same"
    with pytest.raises(KeyError, match="systemData"):
        home(azure=Platform("azure", told={})).finished()


def test_where_no_platform_answers_the_sweep_fails_and_comes_again(caplog):
    with pytest.raises(ServiceError, match="aws is down"):
        home(aws=Platform("aws", down=True), hf=Platform("hf", down=True)).finished()
    assert len(caplog.messages) == 2


def test_a_platform_that_is_configured_wrong_is_not_passed_over():
    with pytest.raises(SettingsError, match="gcp has no region"):
        home(aws=Platform("aws"), gcp=Platform("gcp", wrong=True)).finished()


def test_a_home_without_platforms_has_no_jobs():
    assert home().finished() == []
