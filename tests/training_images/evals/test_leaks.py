# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest
from tests.training_images.evals.suites import row

from training_images.data.rows import Row, write
from training_images.evals.__main__ import main
from training_images.evals.labels import LABELS
from training_images.evals.leaks import check_data, leaks, shift
from training_images.job.errors import ConfigError

TRAIN = [row("a", "turn on the lamp in the kitchen"), row("b", "switch the heating off", "HassTurnOff")]
TEST = [row("c", "light up the attic", "HassTurnOn"), row("d", "no more noise from the fan", "HassTurnOff")]


def test_clean_data_pass() -> None:
    check_data("intents", {"train": TRAIN, "test": TEST}, labels=LABELS)


@pytest.mark.parametrize(
    ("leaking", "kind"),
    [
        (row("x", "turn on the lamp in the kitchen"), "exact"),
        (row("x", "Turn on the lamp in the KITCHEN!"), "normalised"),
        (row("x", "turn on the lamp in the kitchen now"), "near"),
        (row("x", "something else altogether", cluster="cluster-a"), "group"),
    ],
)
def test_what_two_splits_share_is_found_and_named(leaking: Row, kind: str) -> None:
    sides = {"train": TRAIN, "test": [*TEST, leaking]}
    assert [(leak.kind, leak.left, leak.right) for leak in leaks("intents", sides)] == [(kind, "a", "x")]
    with pytest.raises(ConfigError, match=rf"intents leaks: 1 pairs .* train a and test x \({kind}"):
        check_data("intents", sides)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "intents/train is empty"),
        ([row("a", "  ")], "a has no text"),
        ([row("a", "das Licht in der KÃ¼che")], "a was once read in a wrong encoding"),
        ([row("a", "light \ufffd on")], "a was once read in a wrong encoding"),
        ([row("a", "light on"), row("a", "light off")], "a occurs 2 times"),
        ([row("a", "light on", "HassDance")], "the label 'HassDance', none of the 43"),
    ],
)
def test_data_that_cannot_be_used_for_training_are_refused_with_a_sentence(rows: list[Row], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_data("intents", {"train": rows, "test": TEST}, labels=LABELS)


def test_labels_that_shifted_are_refused_unless_they_may() -> None:
    shifted = [row("x", "all is quiet", "HassTurnOff"), row("y", "nobody is in", "HassTurnOff")]
    assert shift(TRAIN, TEST) == 0
    assert shift(TRAIN, shifted) == 0.5
    with pytest.raises(ConfigError, match=r"distance 0\.50"):
        check_data("intents", {"train": TRAIN, "test": shifted})
    check_data("intents", {"train": TRAIN, "test": shifted}, most_shift=None)


def test_the_command_fails_and_names_the_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "mine" / "train.jsonl", TRAIN)
    write(tmp_path / "mine" / "test.jsonl", [*TEST, row("x", "Turn on the lamp in the kitchen")])
    (tmp_path / "mine" / "about.json").write_text("{}")
    assert main(["check", "--data", str(tmp_path)]) == 1
    assert "mine: train a and test x (normalised, 1.00)" in capsys.readouterr().out


def test_the_command_says_how_data_are_prepared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--data", str(tmp_path / "nowhere")]) == 42
    assert "python -m training_images.data" in capsys.readouterr().err
