# SPDX-License-Identifier: Apache-2.0
"""A job starts once under its name, on whichever platform, and what became of it is told once it has ended."""

import re
import uuid

import pytest

from federation.core import instant
from federation.errors import ContractError
from federation.steps.sweeping.overdue import name_parts


@pytest.fixture
def name():
    return f"conformance-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def told(jobs, name):
    """Everything that is told of the job now."""

    def told():
        return [
            one
            for one in jobs.trainer.finished()
            if name in f"{one['resource']} {one.get('artifact_uri')} {one.get('name')}"
        ]

    return told


def test_a_name_that_was_started_before_starts_nothing(jobs, name):
    for _ in range(3):
        jobs.trainer.launch(name, jobs.job)
    assert jobs.started(name) == 1


def test_a_job_that_ended_well_is_told_of_once_and_has_a_place(jobs, name, told):
    jobs.trainer.launch(name, jobs.job)
    assert told() == []
    jobs.ends(name, True)
    (found,) = told()
    assert "failure" not in found
    assert instant.moment(found["completed_at"])
    assert name in (found.get("artifact_uri") or jobs.trainer.artifact(found["resource"]))
    assert name in name_parts(told()), "so that a sweep knows that it has ended"
    assert told() == [found]


def test_a_job_that_failed_tells_its_name_and_why_and_has_no_place(jobs, name, told):
    jobs.trainer.launch(name, jobs.broken)
    jobs.ends(name, False)
    (found,) = told()
    assert found["name"] == name
    assert found["failure"]
    assert "artifact_uri" not in found
    assert found["dedupe_key"]


def test_a_resource_of_nobody_has_no_place(jobs):
    assert jobs.trainer.artifact("nowhere://somebody/elses") is None


def test_a_job_that_would_start_is_not_refused_before(jobs, name):
    assert jobs.trainer.refusal(name, jobs.job) is None
    jobs.trainer.launch(name, jobs.job)
    assert jobs.started(name) == 1


def test_a_job_that_could_not_start_is_refused_before_in_the_words_of_the_launch(jobs, name):
    for job in jobs.unstartable:
        why = jobs.trainer.refusal(name, job)
        assert why
        with pytest.raises(ContractError, match=re.escape(why)):
            jobs.trainer.launch(name, job)
        assert jobs.started(name) == 0
