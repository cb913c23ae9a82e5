# SPDX-License-Identifier: Apache-2.0
"""A channel `baseline` or `anchor` that no job can measure ends the job before it learns or measures anything."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from shutil import copytree

import pytest
from tests.training_runs.orders import Order, orders
from tests.training_runs.small_world import home, library

from training_images.evals.remeasured import OPPONENTS
from training_images.job.errors import CONFIGURED_WRONG

IMAGES = ("textgen_lora", "embedder", "runtime_distilled", "inference_benchmark", "fusion_distill", "data_parallel")
every_opponent = pytest.mark.parametrize("channel", OPPONENTS)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Order]:
    folder = tmp_path_factory.mktemp("opponents")
    speech, documents = (world.shared(tmp_path_factory.getbasetemp()) for world in (home, library))
    for name, unit in (("a-runtime", speech.runtime), ("b-language", speech.language)):
        copytree(unit, folder / "members" / name)
    return orders(speech, documents, folder, folder / "members")


def exit_code(image: str, order: Order, output: Path, **opponents: Path) -> int:
    trainer = import_module(f"training_images.{image}.train").train
    named: Mapping[str, Path] = {**order.channels, **opponents}
    return home.job(trainer, output, *home.channels(**named), *order.settings)


@every_opponent
@pytest.mark.parametrize("image", IMAGES)
def test_a_folder_without_a_manifest_is_found_before_the_first_step(
    image: str, channel: str, given: dict[str, Order], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("not a unit", "utf-8")
    code = exit_code(image, given[image], tmp_path / "unit", **{channel: tmp_path / "other"})
    assert (code, capfd.readouterr().out) == (CONFIGURED_WRONG, "")
    assert home.failure(tmp_path / "unit").startswith(f"no manifest in {tmp_path / 'other'} ships a ")


def made_for_another_base(image: str, folder: Path, given: dict[str, Order]) -> Path:
    """A unit on a base model that the job does not have."""
    if image == "textgen_lora":
        return home.language_unit(folder / "unit", home.base(folder / "base", seed=8))
    channels = given[image].channels
    other = library.World(base=library.base_in(folder / "base", seed=8), data=channels["data"], suite=channels["suite"])
    return library.embedder_in(folder / "unit", other)


@pytest.mark.parametrize(
    ("image", "channel"), [("textgen_lora", "baseline"), ("textgen_lora", "anchor"), ("embedder", "baseline")]
)
def test_an_adapter_for_another_base_model_is_found_before_the_first_step(
    image: str, channel: str, given: dict[str, Order], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = made_for_another_base(image, tmp_path / "other", given)
    capfd.readouterr()
    assert exit_code(image, given[image], tmp_path / "unit", **{channel: other}) == CONFIGURED_WRONG
    assert capfd.readouterr().out == ""
    assert "was made for the base model sha256:" in home.failure(tmp_path / "unit")


def test_an_anchor_on_another_base_model_is_not_opened_if_its_own_records_are_of_this_suite(
    given: dict[str, Order], tmp_path: Path
) -> None:
    anchor = made_for_another_base("embedder", tmp_path / "other", given)
    assert exit_code("embedder", given["embedder"], tmp_path / "unit", anchor=anchor) == 0
