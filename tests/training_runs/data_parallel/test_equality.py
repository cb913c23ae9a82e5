# SPDX-License-Identifier: Apache-2.0
"""A ring, a server and one process alone learn the same from the same, and send what theory says."""

import json
import os
from dataclasses import replace

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from training_images.data_parallel.compare import KEPT, largest_difference, learned, local_tasks
from training_images.data_parallel.data import examples
from training_images.data_parallel.learn import Learner
from training_images.data_parallel.measured import COMMUNICATION, KIND
from training_images.data_parallel.recipe import Recipe
from training_images.data_parallel.ring import _nothing_yet
from training_images.data_parallel.task import WEIGHTS
from training_images.evals.labels import LABELS
from training_images.evals.training_sets import read_unchecked as learned_from
from training_images.job.errors import ConfigError, Interrupted
from training_images.job.unit_folder import shipped_unit
from training_images.learning import device

HOW = Recipe(steps=24, batch=24, rate=0.02, keep=100, timeout=30)
TOLERANCE = 1e-4
OVERHEAD = 1.02
"""What gloo adds to a tensor, and what the processes say to agree, is less than two in a hundred."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("trials")


@pytest.fixture(scope="module")
def alone(data, folder):
    return outcome_here(data, replace(HOW, keep=HOW.steps), folder / "alone")


@pytest.fixture(scope="module")
def found(data, folder):
    ways = {"ring": 2, "server": 3}
    return {
        way: learned(data, replace(HOW, exchange=way, keep=HOW.steps), world, folder / way)
        for way, world in ways.items()
    }


def outcome_here(data, how, folder):
    """What one process comes to, in this very process."""
    (task,) = local_tasks(data, how, 1, folder)
    mine = msgspec.structs.replace(task, parent=os.getppid())
    learner = Learner(mine, examples(learned_from(data)), len(LABELS), device.prepare_device(how.seed))
    return learner.run(lambda: False)


@pytest.mark.parametrize("way", ["ring", "server"])
def test_gradients_that_travel_come_to_the_weights_of_one_process_alone(alone, found, folder, way):
    assert alone.losses[-1] < alone.losses[0] / 2
    assert found[way].steps == alone.steps
    assert 0 < largest_difference(folder / "alone" / KEPT, folder / way / KEPT) < TOLERANCE


def test_two_workers_add_up_to_the_same_bits_in_a_ring_and_at_a_server(found):
    assert found["ring"].weights == found["server"].weights


def test_a_batch_that_cannot_be_shared_evenly_is_not_compared_with_one_that_was(data, tmp_path):
    with pytest.raises(ConfigError, match="--batch 65 cannot be shared by 2 processes evenly"):
        local_tasks(data, replace(HOW, batch=65), 2, tmp_path)


def test_tensors_are_what_theory_says_to_the_byte(found):
    ring, server = found["ring"], found["server"]
    assert ring.tensors == [ring.model] * 2
    assert server.tensors == server.expected == [4 * server.model, 2 * server.model, 2 * server.model]


@pytest.mark.parametrize("way", ["ring", "server"])
def test_connections_carry_what_theory_says_and_hardly_more(found, way):
    told = found[way]
    for carried, expected in zip(told.wire, told.expected, strict=True):
        assert expected <= carried < OVERHEAD * expected


def test_who_was_interrupted_goes_on_to_the_same_bits_and_ships_them_with_the_account(found, data, tmp_path, started):
    with pytest.raises(Interrupted, match=r"a checkpoint was kept at step 1$"):
        learned(data, HOW, 2, tmp_path, stopping=lambda: True)
    assert not (tmp_path / WEIGHTS).exists()
    code, sentence, output = started("--processes", "2", "--steps", str(HOW.steps), "--rate", str(HOW.rate))
    assert (code, sentence) == (0, "")
    unit = shipped_unit(output, KIND)
    told = json.loads(unit.path(COMMUNICATION).read_bytes())
    assert (told["workers"], told["steps"], told["expected"]) == (2, HOW.steps - 1, [2 * told["model"]] * 2)
    assert told["weights"] == found["ring"].weights
    assert sum(weight.nbytes for weight in load_file(unit.path(WEIGHTS)).values()) == told["model"] // 2


def test_a_loss_that_is_no_number_ends_the_job_for_good(data, tmp_path):
    with pytest.raises(ConfigError, match=r"the loss is nan at step .*lower --rate"):
        outcome_here(data, replace(HOW, rate=1e38), tmp_path)


def test_weights_that_the_last_step_made_no_numbers_of_are_not_shipped(data, tmp_path):
    """The loss is told before the step that spoils them; the next one would tell, and there is none."""
    with pytest.raises(ConfigError, match="after the last step some weights are not numbers"):
        outcome_here(data, replace(HOW, steps=1, rate=1e39), tmp_path)


@pytest.mark.parametrize("key", ["exp_avg", "exp_avg_sq", "step"])
def test_what_is_taken_over_from_rank_0_lies_on_the_weights_own_device(key):
    """A fused AdamW counts its steps there; on a GPU the others would wait for one on the CPU for ever."""
    weight = torch.empty(3, device="meta")
    assert _nothing_yet(key, weight).device == weight.device


def test_a_label_that_was_put_right_begins_anew(data, tmp_path):
    """The texts are the same, and what was learned from the wrong label is not gone on with."""
    (task,) = local_tasks(data, replace(HOW, keep=4), 1, tmp_path)
    mine, device_of = msgspec.structs.replace(task, parent=os.getppid()), device.prepare_device(HOW.seed)
    found = examples(learned_from(data))
    with pytest.raises(Interrupted):
        Learner(mine, found, len(LABELS), device_of).run(lambda: True)
    found.labels[len(found.labels) // 2] += 1
    assert Learner(mine, found, len(LABELS), device_of).run(lambda: False).steps == HOW.steps
