# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from tests.training_images.data.archives import pinned

from training_images.data.prose import paragraphs

TEXT = "The measurements were taken by the villagers on many mornings and written down by hand in a small book. " * 3
CODE = "values = compute(values, key=lambda value: value) and then return the values of whoever asked for them. " * 3


def test_paragraphs_of_prose_are_kept_and_code_is_not(tmp_path: Path) -> None:
    members = {"sklearn/datasets/descr/a.rst": f"{TEXT}\n\n{CODE}\n\nshort.\n\n{TEXT}", "sklearn/other.rst": TEXT}
    result = paragraphs(pinned(tmp_path, "scikit-learn", members))
    assert [row.text for row in result] == [TEXT.strip()]
    assert result[0].cluster == "sklearn/datasets/descr/a.rst"
