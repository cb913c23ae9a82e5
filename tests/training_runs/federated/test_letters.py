# SPDX-License-Identifier: Apache-2.0
"""A message that holds no note is refused with a sentence, so that one member's spoilt answer ends nobody's run."""

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MessageType, RecordDict
from flwr.supercore.task_identity import TaskIdentity
from tests.training_images.federated.consortium_fixture import PREDICTORS, members

from training_images.federated import letters, parting
from training_images.federated.flower_member import app
from training_images.federated.notes import Note
from training_images.job.errors import ConfigError

ENDLESS = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000000,), }"
SPOILT = {
    "no array": ("numpy.ndarray", b"junk"),
    "nothing": ("numpy.ndarray", b""),
    "another library's": ("torch", b"x"),
    "beyond all memory": ("numpy.ndarray", b"\x93NUMPY\x01\x00v\x00" + ENDLESS.ljust(117) + b"\n"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_an_array_that_is_none_is_refused_with_a_sentence(spoilt):
    kind, body = SPOILT[spoilt]
    array = Array(dtype="float64", shape=(3,), stype=kind, data=body)
    facts = ConfigRecord({"what": "train", "member": "ada"})
    with pytest.raises(ConfigError, match="an array of the note train cannot be read"):
        letters.read(RecordDict({"arrays": ArrayRecord({"vector": array}), "facts": facts}))


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Asks a SuperNode's app; every context is as a SuperNode that has just started hands it over."""
    parting.save_rows(members("ada")[0], tmp_path / "rows.npz")
    for name in ("_task_id", "_run_id", "_node_id"):
        monkeypatch.setattr(TaskIdentity, name, 1)  # who asks: Flower knows it from its own process

    def answered(note, **limits):
        message = Message(letters.encode(note), dst_node_id=7, message_type=MessageType.TRAIN)
        config = {"rows": str(tmp_path / "rows.npz"), "memory": str(tmp_path / "memory"), **limits}
        context = Context(run_id=1, node_id=7, node_config=config, state=RecordDict(), run_config={})
        return letters.read(app(message, context).content)

    return answered


def test_a_supernode_that_forgot_the_run_does_not_score_again(asked):
    """Flower keeps a run's state in the SuperNode's process, and in the middle of a run it may start again."""
    arrays = {"weights": np.ones(PREDICTORS + 1), "centre": np.zeros(PREDICTORS), "spread": np.ones(PREDICTORS)}
    assert asked(Note(what="score", arrays=arrays)).texts("items")
    with pytest.raises(ConfigError, match="scored a model of this run before"):
        asked(Note(what="score", arrays=arrays))


def test_an_epsilon_of_nothing_is_a_limit_and_not_the_lack_of_one(asked):
    with pytest.raises(ConfigError, match="learns with noise only"):
        asked(Note(what="moments"), epsilon=0.0)


def test_a_seed_in_the_node_config_does_not_make_the_noise_repeatable(asked):
    arrays = {"weights": np.zeros(PREDICTORS + 1), "centre": np.zeros(PREDICTORS), "spread": np.ones(PREDICTORS)}
    facts = {"round": 1, "steps": 2, "rate": 0.5, "noise": 1.0, "clip": 1.0, "chance": 0.5}
    first, again = (asked(Note(what="train", arrays=arrays, facts=facts), seed="4").vector("vector") for _ in range(2))
    assert first.shape == again.shape
    assert not np.array_equal(first, again)
