# SPDX-License-Identifier: Apache-2.0
"""What a plan is made of, what its contract says, and what one item's record holds."""

import json

import pytest
from tests.training_images.federated.consortium_fixture import members, plan
from tests.training_images.federated.test_parting import table

from training_images.federated.accountant import epsilon
from training_images.federated.answering import stated
from training_images.federated.engines import noise_seed
from training_images.federated.in_process import in_process
from training_images.federated.member import DELTA
from training_images.federated.rounds import learn
from training_images.federated.train import contract, planned, records
from training_images.job.errors import ConfigError
from training_images.job.settings import Settings

THREE = ("ada", "ben", "cem")


def told(**given):
    return planned("job-1", Settings(given=given), table())


def test_sums_are_masked_unless_a_setting_says_otherwise():
    assert told().masked
    assert not told(masked="no").masked


def test_two_plans_of_two_jobs_never_share_a_mask():
    assert planned("job-1", Settings(), table()).run != planned("job-2", Settings(), table()).run


def test_without_noise_no_privacy_is_promised():
    assert "privacy" not in contract(table(), told())


def test_with_noise_the_contract_states_epsilon_for_one_person():
    made = told(noise="2", rounds="5", steps="20")
    stated = contract(table(), made)["privacy"]
    assert float(stated["epsilon"]) == pytest.approx(epsilon(noise=2, chance=0.1, steps=100, delta=DELTA), abs=1e-4)
    assert stated["unit"] == "person"


def test_repeatable_noise_promises_no_privacy():
    assert "privacy" not in contract(table(), told(noise="2"), repeatable=True)
    assert noise_seed(Settings(given={"noise": "2"})) is None
    assert noise_seed(Settings(given={"noise-seed": "7", "engine": "in-process"})) == 7


@pytest.mark.parametrize("engine", [{}, {"engine": "flower"}, {"engine": "elsewhere"}], ids=str)
def test_a_fleet_takes_no_seed_for_its_noise(engine):
    with pytest.raises(ConfigError, match="--noise-seed is only for examples with --engine in-process"):
        noise_seed(Settings(given={"noise-seed": "7", **engine}))


def test_steps_that_draw_nobody_are_refused():
    with pytest.raises(ConfigError, match="--chance 0 draws nobody"):
        told(noise="2", chance="0")


def test_an_unknown_word_is_refused():
    with pytest.raises(ConfigError, match="--masked 'maybe' is none of no, yes"):
        told(masked="maybe")


def test_a_server_can_read_what_to_refuse_from_the_contract():
    written = json.loads(json.dumps(contract(table(), told())["bounds"]))
    assert written == {"x": {"low": "0", "high": "1"}}
    assert stated(written) == table().columns


def test_every_test_item_has_a_record_with_its_part_in_its_members_auc():
    scores = learn(in_process(members(*THREE), 0), plan(THREE)).scores
    result = records(scores)
    assert (
        len({record["item"] for record in result})
        == len(result)
        == sum(int(rows.test.sum()) for rows in members(*THREE))
    )
    for name in THREE:
        placed = [one["scores"]["auc"] for one in result if one["category"] == name]
        assert sum(placed) / len(placed) == pytest.approx(scores[name].facts["auc"], abs=1e-5)
    assert all(0 <= one["scores"]["brier"] <= 1 for one in result)


def test_two_sites_that_ask_for_no_masks_are_not_asked_for_a_third():
    assert told(masked="no").least == len(table().sites) == 2
