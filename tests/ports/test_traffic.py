# SPDX-License-Identifier: Apache-2.0
"""The serving nodes obey the newest shift, however late an older one arrives."""

import re

import pytest

from federation.core.outcome import Shift
from federation.errors import ServiceError
from federation.ports import Served

A, B = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.1.0"


def shift(counter, release, *warm):
    return Shift(channel="production", counter=counter, release=release, warm=warm)


def test_before_the_first_shift_nothing_is_served(unshifted):
    assert unshifted.serving("production") is None


def test_what_is_served_can_be_read_back(traffic):
    traffic.shift(shift(1, A))
    assert traffic.serving("production") == Served(counter=1, release=A)


def test_a_shift_that_was_overtaken_changes_nothing(traffic):
    traffic.shift(shift(2, B))
    traffic.shift(shift(1, A))
    assert traffic.serving("production").release == B


def test_a_move_after_which_the_same_release_serves_is_obeyed_and_nothing_older_after_it(traffic):
    traffic.shift(shift(1, A))
    traffic.shift(shift(3, A))
    traffic.shift(shift(2, B))
    assert traffic.serving("production") == Served(counter=3, release=A)


def test_a_release_that_is_not_there_does_not_answer_its_probe(traffic):
    assert not traffic.probe("production", "spiralverse-ai-federated-v9.9.9")


def test_a_release_that_is_ready_is_not_refused(traffic):
    assert traffic.refusal("production", A) is None


def test_a_shift_back_to_a_warm_release_serves_it_again(traffic):
    traffic.shift(shift(1, A))
    traffic.shift(shift(2, B, A))
    traffic.shift(shift(3, A))
    assert traffic.serving("production") == Served(counter=3, release=A)


def test_the_same_shift_again_changes_nothing(traffic):
    for _ in range(3):
        traffic.shift(shift(1, A))
    assert traffic.serving("production") == Served(counter=1, release=A)


def test_a_model_that_served_before_any_release_did_is_neither_replaced_nor_left_without_its_prompts(tenant):
    """Its callers would get a release's answers, and on SageMaker the model would be gone."""
    why = (
        rf"the endpoint \S+ serves {tenant.name}, which no release made; name a new endpoint .*, then move your callers"
    )
    with pytest.raises(ServiceError, match=why):
        tenant.traffic.shift(shift(1, A))
    assert re.fullmatch(why, str(tenant.traffic.refusal("production", A)))
    assert tenant.serving() == [tenant.name]
