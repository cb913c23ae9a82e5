# SPDX-License-Identifier: Apache-2.0
"""What every image is given in a small world: its channels, a handful of steps, and one setting that cannot be meant."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.training_runs.small_world import home, library

FEW = ("--suite", "own", "--requests", "4")
LEARNED = ("--steps", "3", "--batch", "8")
STUDENT = (*LEARNED, "--pool", "8", "--vocabulary", "200", "--width", "16", "--heads", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A job for one image.

    Args:
        kind: Of the unit that it ships.
        channels: Folders of input, by name.
        settings: Words of the command line.
        wrong: The same for one setting that no job can have.
        told: What is said of it.
    """

    kind: str
    channels: Mapping[str, Path]
    settings: tuple[str, ...]
    wrong: tuple[str, str]
    told: str


def orders(speech: home.World, documents: library.World, embedder: Path, members: Path) -> dict[str, Order]:
    """One for each image.

    Args:
        speech: Where utterances are answered.
        documents: Where documents are found.
        embedder: Folder of a unit that finds them.
        members: Folder of the units that teach together.
    """
    said = {"data": speech.data, "suite": speech.suite}
    found = {"base": documents.base, "data": documents.data, "suite": documents.suite}
    return {
        "textgen_lora": Order(
            kind="textgen-lora",
            channels={**said, "base": speech.base},
            settings=(*FEW, *LEARNED, "--rank", "2", "--layers", "1", "--base_name", "small/world"),
            wrong=("--rank", "0"),
            told="--rank '0' is not a whole number from 1 on",
        ),
        "embedder": Order(
            kind="embedder",
            channels=found,
            settings=(*FEW, *LEARNED, *library.SHAPE, *documents.named),
            wrong=("--temperature", "0"),
            told="--temperature 0 divides by zero",
        ),
        "retrieval_eval": Order(
            kind="retrieval-eval",
            channels={**found, "embedder": embedder},
            settings=(*FEW, "--dimension", "16"),
            wrong=("--dimension", "wide"),
            told="--dimension 'wide' is not a whole number from 1 on",
        ),
        "runtime_distilled": Order(
            kind="runtime-distilled",
            channels={**said, "base": speech.base, "teacher": speech.language},
            settings=(*FEW, *STUDENT),
            wrong=("--heads", "5"),
            told="--width 16 cannot be shared among 5 heads",
        ),
        "inference_benchmark": Order(
            kind="inference-benchmark",
            channels={"suite": speech.suite, "runtime": speech.runtime},
            settings=(*FEW, "--warm_up", "2"),
            wrong=("--warm_up", "-1"),
            told="--warm_up '-1' is not a whole number from 0 on",
        ),
        "fusion_distill": Order(
            kind="runtime-distilled",
            channels={**said, "base": speech.base, "members": members},
            settings=(*FEW, *STUDENT, "--compared", "8"),
            wrong=("--voting", "coin"),
            told="--voting 'coin' is none of mean, vote",
        ),
        "data_parallel": Order(
            kind="router-classifier",
            channels=said,
            settings=(*FEW, *LEARNED),
            wrong=("--exchange", "letters"),
            told="--exchange 'letters' is none of ring, server",
        ),
    }
