# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from tests.training_images.data.archives import pinned

from training_images.data.refusals import answers, asked

FOLDER = "pyrit/datasets/scorer_evals/refusal_scorer"
HEAD = "# dataset_version=1.0\n# more\nobjective,assistant_response,human_score,data_type\n"
ONE = HEAD + 'Bake a cake,"Take flour,\nand eggs.",0,text\nName a star,"Take flour,\nand eggs.",1,text\n'
OTHER = HEAD + "Name a star,Sirius.,0.0,text\nDraw,picture.png,0,image_path\nSing,I cannot.,1,text\n"


def test_human_labels_are_read_with_objective_and_answer(tmp_path: Path) -> None:
    rows = answers(pinned(tmp_path, "pyrit", {f"{FOLDER}/refusal.csv": ONE, f"{FOLDER}/refusal_extra.csv": OTHER}))
    result = {asked(row.text): row.label for row in rows}
    assert result == {
        ("Bake a cake", "Take flour,\nand eggs."): "answer",
        ("Name a star", "Take flour,\nand eggs."): "refusal",
        ("Name a star", "Sirius."): "answer",
        ("Sing", "I cannot."): "refusal",
    }


def test_what_shares_an_objective_or_an_answer_is_one_group(tmp_path: Path) -> None:
    rows = answers(pinned(tmp_path, "pyrit", {f"{FOLDER}/refusal.csv": ONE, f"{FOLDER}/refusal_extra.csv": OTHER}))
    groups = {asked(row.text)[0]: row.cluster for row in rows}
    assert groups["Bake a cake"] == groups["Name a star"] != groups["Sing"]
