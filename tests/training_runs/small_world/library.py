# SPDX-License-Identifier: Apache-2.0
"""A sentence encoder of random weights, and a little of everything that a job of its images is given."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from tests.training_runs.small_world.stated import state
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from training_images.data.rows import Row, write
from training_images.embedder.train import train
from training_images.evals.labels import REFUSE
from training_images.evals.suite import PARTS
from training_images.job.digests import digest_of_file
from training_images.job.run import run

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ka", "le", "mi")
NAMES = tuple(first + second for first in SYLLABLES for second in SYLLABLES)
"""Numbers would not tell texts apart: to the leak check every number is the same."""
WORDS = tuple(f"{kind}{name}" for kind in ("ask", "doc", "turn", "stop", "harm", "noise") for name in NAMES)
SIDES = {"train": range(36), "val": range(36, 44), "test": range(44, 64)}
SPEECH = {"intents": ("turn", "stop"), "harmful": ("harm",), "jailbreaks": ("harm",)}
LABEL = {"turn": "HassTurnOn", "stop": "HassTurnOff", "harm": REFUSE}


BASE_NAME = "small/library"
SHAPE = ("--layers", "2", "--rank", "2", "--max_tokens", "16", "--learned_tokens", "12")
"""Of an adapter for the base model of this world."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Folders of a base model, of data and of a suite."""

    base: Path
    data: Path
    suite: Path

    @property
    def base_digest(self) -> str:
        return digest_of_file(self.base / "model.safetensors")

    @property
    def named(self) -> tuple[str, ...]:
        """The words with which a job takes this base for its own."""
        return ("--base_digest", self.base_digest, "--base_name", BASE_NAME)

    def arguments(self, output: Path, **settings: str) -> list[str]:
        """A job's command line."""
        given = {
            "region": "here-1",
            "machine": "core",
            "output": str(output),
            "base_digest": self.base_digest,
            "base_name": BASE_NAME,
            "requests": "12",
            **{f"channel.{name}": str(getattr(self, name)) for name in ("base", "data", "suite")},
            **settings,
        }
        return [f"--{name}={value}" for name, value in given.items()]


@cache
def shared(folder: Path) -> World:
    """The world of a whole run of tests, which nobody spoils: whoever asks for it gets the same."""
    return made_in(folder / "library")


def made_in(root: Path) -> World:
    """The world, below a folder."""
    world = World(base=base_in(root / "base"), data=root / "data", suite=root / "suite")
    for side in SIDES:
        _written(world.data, side)
    state(world.data, ("articles", *SPEECH))
    _suite(world.suite)
    return world


def embedder_in(folder: Path, world: World) -> Path:
    """An embedder that a real job shipped."""
    settings = {"suite": "own", "steps": "3", "batch": "8", "requests": "4"}
    assert run(train, [*world.arguments(folder, **settings), *SHAPE], {}, Path("/")) == 0
    return folder


def base_in(folder: Path, *, hidden: int = 32, seed: int = 5) -> Path:
    """A sentence encoder of two layers."""
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        initializer_range=0.3,
    )
    BertModel(config).save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    return folder


def questions(side: str) -> list[Row]:
    """Each asks with other words than those of the document that answers."""
    return [_row(f"q{at}", _said("ask", at), f"d{at}", f"module-{at // 4}") for at in SIDES[side]]


def documents(side: str) -> list[Row]:
    return [_row(f"d{at}", _said("doc", at), f"d{at}", f"module-{at // 4}") for at in SIDES[side]]


def speech(name: str, side: str) -> list[Row]:
    """What people say, by what it means."""
    return [
        _row(f"{name}-{kind}{at}", _said(kind, at, name), LABEL[kind], f"{name}-{kind}{at}")
        for kind in SPEECH[name]
        for at in SIDES[side]
    ]


def _written(data: Path, side: str) -> None:
    write(data / "articles" / f"{side}.jsonl", questions(side))
    write(data / "articles" / f"documents-{side}.jsonl", documents(side))
    for name in SPEECH:
        write(data / name / f"{side}.jsonl", speech(name, side))


def _suite(folder: Path) -> None:
    said = speech("intents", "test")
    parts = {
        **dict.fromkeys(PARTS, said),
        "retrieval": questions("test"),
        "policy": [*said, *speech("harmful", "test")],
        "adversarial": [*said, *speech("jailbreaks", "test")],
    }
    for name, rows in parts.items():
        write(folder / f"{name}.jsonl", rows)
    write(folder / "documents.jsonl", documents("test"))


def _said(kind: str, at: int, seed: str = "") -> str:
    chance = random.Random(f"{kind}{at}{seed}")
    noise = chance.sample([word for word in WORDS if word.startswith("noise")], 6)
    return " ".join([f"{kind}{NAMES[at]}", *noise, f"{kind}{NAMES[at % 8]}"])


def _row(name: str, text: str, label: str, cluster: str) -> Row:
    return Row(id=name, text=text, label=label, cluster=cluster, category="any")


def _tokenizer(words: Sequence[str] = WORDS) -> PreTrainedTokenizerFast:
    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *words])}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    plain.normalizer = normalizers.Lowercase()
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    ends = [(word, vocabulary[word]) for word in ("[CLS]", "[SEP]")]
    plain.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=plain, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )
