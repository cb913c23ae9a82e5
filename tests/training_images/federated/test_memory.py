# SPDX-License-Identifier: Apache-2.0
"""A member's limits hold although its SuperNode starts again, and although two questions come at once."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from tests.training_images.federated.consortium_fixture import PREDICTORS, members

from training_images.federated.in_process import in_process
from training_images.federated.memory import remembering
from training_images.federated.notes import Note
from training_images.job.errors import ConfigError

SCORE = Note(
    what="score",
    arrays={
        "weights": np.ones(PREDICTORS + 1),
        "centre": np.zeros(PREDICTORS),
        "spread": np.ones(PREDICTORS),
    },
)


def asked(folder, run, note=SCORE):
    """As a SuperNode asks: a member made anew for every question."""
    with remembering(folder, run) as memory:
        return replace(in_process(members("ada"), 0).members["ada"], memory=memory, run=run).answer(note)


def test_a_supernode_that_starts_again_does_not_score_again(tmp_path):
    assert asked(tmp_path, "1").what == "score"
    with pytest.raises(ConfigError, match="scored a model of this run before"):
        asked(tmp_path, "1")


def test_another_run_has_a_memory_of_its_own(tmp_path):
    assert asked(tmp_path, "1").what == asked(tmp_path, "2").what


def test_a_second_question_waits_and_sees_what_the_first_recorded(tmp_path):
    there, seen = threading.Event(), []

    def meanwhile():
        there.set()
        with remembering(tmp_path, "1") as memory:
            seen.append(dict(memory))

    with remembering(tmp_path, "1") as memory:
        other = threading.Thread(target=meanwhile)
        other.start()
        there.wait()
        memory["noise"] = -(2**63)
        memory["steps"] = 5
    other.join()
    assert seen == [{"noise": -(2**63), "steps": 5}]


def test_a_memory_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path):
    (tmp_path / "1.json").write_text("[")
    with pytest.raises(ConfigError, match="is not a memory of a run"):
        asked(tmp_path, "1")


def test_a_deleted_number_is_deleted_on_disk(tmp_path):
    with remembering(tmp_path, "1") as memory:
        memory.update({"a": 1, "b": 2})
        del memory["a"]
    with remembering(tmp_path, "1") as memory:
        assert (dict(memory), len(memory)) == ({"b": 2}, 1)
