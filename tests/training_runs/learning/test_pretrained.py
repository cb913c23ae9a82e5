# SPDX-License-Identifier: Apache-2.0
"""A base model must be complete and as its config says, or the job ends with a sentence. Its own code never runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from tests.training_runs.small_world.home import base
from tests.training_runs.small_world.library import base_in
from transformers import AutoModelForCausalLM

from training_images.embedder.model import Embedder, Shape
from training_images.evals.labels import WORDS
from training_images.job.errors import ConfigError
from training_images.textgen_lora.model import LabelModel

WEIGHTS = "model.safetensors"
Open = Callable[[Path], Any]
CODE = "from pathlib import Path\n\nPath(__file__).with_name('ran').touch()\n"


def language_model(folder: Path) -> Any:
    return LabelModel(base(folder) if not folder.exists() else folder, WORDS, rank=1, layers=1)


def sentence_encoder(folder: Path) -> Any:
    return Embedder(base_in(folder) if not folder.exists() else folder, Shape(rank=1, layers=1, max_tokens=16))


@pytest.fixture(params=[language_model, sentence_encoder])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Reads a base model; one is in `tmp_path / "base"`."""
    request.param(tmp_path / "base")
    read: Open = request.param
    return read


def rename_weights(folder: Path, change: Callable[[str], str | None]) -> None:
    weights = {change(name): weight for name, weight in load_file(folder / WEIGHTS).items()}
    save_file({name: weight for name, weight in weights.items() if name}, folder / WEIGHTS, metadata={"format": "pt"})


def change_config(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **changes}), "utf-8")


def test_weights_under_other_names_are_not_initialised_at_random(opened: Open, tmp_path: Path) -> None:
    rename_weights(tmp_path / "base", lambda name: f"student.{name}")
    with pytest.raises(ConfigError, match=r"lacks \d+ weights of the model .* give the whole model"):
        opened(tmp_path / "base")


def test_a_language_model_without_its_head_is_refused(tmp_path: Path) -> None:
    language_model(tmp_path / "base")
    rename_weights(tmp_path / "base", lambda name: None if name.startswith("lm_head") else name)
    with pytest.raises(ConfigError, match=r"lacks 1 weights .* such as lm_head\.weight"):
        language_model(tmp_path / "base")


def test_a_sentence_encoder_may_lack_its_pooler(tmp_path: Path) -> None:
    before = sentence_encoder(tmp_path / "base").vectors(["turn"])
    rename_weights(tmp_path / "base", lambda name: None if name.startswith("pooler") else name)
    assert (sentence_encoder(tmp_path / "base").vectors(["turn"]) == before).all()


def test_weights_of_another_shape_than_in_the_config_are_named(opened: Open, tmp_path: Path) -> None:
    change_config(tmp_path / "base", hidden_size=64)
    with pytest.raises(ConfigError, match=r"lacks \d+ weights of the model .* or has them in another shape"):
        opened(tmp_path / "base")


@pytest.mark.parametrize(
    "body", [b"", b"version https://git-lfs.github.com/spec/v1\n", None], ids=["none", "lfs", "half"]
)
def test_an_incomplete_file_is_refused(body: bytes | None, opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "base" / WEIGHTS
    path.write_bytes(path.read_bytes()[:-5000] if body is None else body)
    with pytest.raises(ConfigError, match="that can be read"):
        opened(tmp_path / "base")


def test_a_base_in_several_files_is_refused_with_the_way_to_merge_them(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "base" / WEIGHTS).unlink()
    AutoModelForCausalLM.from_pretrained(base(tmp_path / "whole")).save_pretrained(
        tmp_path / "base", max_shard_size="20KB"
    )
    with pytest.raises(ConfigError, match=r"are in several files.* save_pretrained\(FOLDER, max_shard_size="):
        opened(tmp_path / "base")


@pytest.mark.parametrize("how", ["bitsandbytes", "gptq", "awq"])
def test_a_quantised_base_without_its_library_is_refused(how: str, opened: Open, tmp_path: Path) -> None:
    change_config(tmp_path / "base", quantization_config={"quant_method": how, "load_in_4bit": True, "bits": 4})
    with pytest.raises(ConfigError, match=r"that can be read: .*(requires|Please install)"):
        opened(tmp_path / "base")


@pytest.mark.parametrize("told", [[], "{", {}], ids=["a list", "half", "nothing"])
def test_a_config_that_is_not_valid_is_refused(told: Any, opened: Open, tmp_path: Path) -> None:
    (tmp_path / "base" / "config.json").write_text(told if isinstance(told, str) else json.dumps(told), "utf-8")
    with pytest.raises(ConfigError, match="that can be read"):
        opened(tmp_path / "base")


def test_the_own_code_of_a_base_is_not_run_and_nobody_is_asked_to_allow_it(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "base" / "modeling_own.py").write_text(CODE, "utf-8")
    named = dict.fromkeys(("AutoConfig", "AutoModel", "AutoModelForCausalLM"), "modeling_own.Own")
    change_config(tmp_path / "base", model_type="own", auto_map=named)
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(ConfigError, match="custom code"):
        opened(tmp_path / "base")
    assert not list(tmp_path.rglob("ran"))


def test_layers_without_the_matrices_of_an_adapter_are_refused(tmp_path: Path) -> None:
    sentence_encoder(tmp_path / "base")
    with pytest.raises(ConfigError, match=r"lacks \d+ weights|not found in the base model"):
        language_model(tmp_path / "base")
