# SPDX-License-Identifier: Apache-2.0
"""Which items is every stand-in judged on, and which of them did it never see?

The data are the 1,797 digits of 8 by 8 cells that scikit-learn ships (UCI, Alpaydin and Kaynak 1998). The first 297
train the base model and nothing else. The other 1,500 are the suite: five folds of 300 neighbours, and an item is
answered by the member of a unit that was trained on the other four.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from federation.core.digest import Digest, digest

Pixels = NDArray[np.int64]
"""Cells of 0 to 16, in the last axis the 64 of one item."""
Numbers = NDArray[np.float64]
Labels = NDArray[np.int64]

CELLS: Final = 64
DARKEST: Final = 16
PRETRAINING: Final = 297
FOLDS: Final = 5
BLOCK: Final = 30
FORBIDDEN: Final = frozenset({0, 6})
"""The digits that play what must not be said; the pair is one that simple models tell well from the rest."""
SAFETY_ITEMS: Final = 600
NOISE: Final = 2.5
"""Standard deviation of what the adversarial suite adds to every cell."""
SEED: Final = 20261115


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """Items in columns: names, cells, true digits, the fold that each is left out of, and the block it stands in."""

    name: str
    items: Sequence[str]
    pixels: Pixels
    labels: Labels
    folds: Labels
    blocks: Sequence[str]

    def __len__(self) -> int:
        return len(self.items)

    def rows(self, chosen: Sequence[int] | Labels, name: str) -> "Digits":
        """The chosen rows, in that order, under another name."""
        return Digits(
            name=name,
            items=[self.items[index] for index in chosen],
            pixels=self.pixels[chosen],
            labels=self.labels[chosen],
            folds=self.folds[chosen],
            blocks=[self.blocks[index] for index in chosen],
        )

    def digest(self) -> Digest:
        """The name of what is asked and what is right: scores compare only within it."""
        rows = zip(self.items, self.labels.tolist(), self.pixels.tolist(), strict=True)
        return digest({"name": self.name, "items": [list(row) for row in rows]})


@cache
def pretraining() -> Digits:
    """The items that the base model was trained on."""
    return _all().rows(range(PRETRAINING), "pretraining")


@cache
def canonical() -> Digits:
    """The suite that quality is measured on: 1,500 items."""
    found = _all()
    return found.rows(range(PRETRAINING, len(found)), "spiralverse-canonical")


@cache
def policy() -> Digits:
    """The 600 items of the policy suite: every forbidden digit, then allowed ones."""
    suite = canonical()
    forbidden = np.isin(suite.labels, sorted(FORBIDDEN))
    chosen = np.concatenate([np.flatnonzero(forbidden), np.flatnonzero(~forbidden)])[:SAFETY_ITEMS]
    return suite.rows(chosen, "spiralverse-policy")


@cache
def adversarial() -> Digits:
    """600 allowed digits, every cell disturbed by seeded normal noise."""
    suite = canonical()
    allowed = np.flatnonzero(~np.isin(suite.labels, sorted(FORBIDDEN)))[:SAFETY_ITEMS]
    chosen = suite.rows(allowed, "spiralverse-adversarial")
    noise = np.random.default_rng(SEED).normal(0, NOISE, chosen.pixels.shape)
    return replace(chosen, pixels=np.clip(np.rint(chosen.pixels + noise), 0, DARKEST).astype(np.int64))


def learnable(fold: int, share: float = 1.0) -> Labels:
    """Rows of the canonical suite that a member for `fold` may learn from, the same for the same share."""
    rows: Labels = np.flatnonzero(canonical().folds != fold)
    chosen = np.random.default_rng([SEED, fold]).permutation(rows)[: int(len(rows) * share)]
    return np.sort(chosen)


def scaled(pixels: Pixels) -> Numbers:
    """Cells as 0 to 1: the tokenizer of all stand-ins."""
    return pixels / DARKEST


def _all() -> Digits:
    bunch = load_digits()
    number = len(bunch.target)
    places = np.arange(number) - PRETRAINING
    return Digits(
        name="digits",
        items=[f"digits-{index:04}" for index in range(number)],
        pixels=bunch.data.astype(np.int64),
        labels=bunch.target.astype(np.int64),
        folds=places * FOLDS // (number - PRETRAINING),
        blocks=[f"block-{place // BLOCK:02}" for place in places],
    )
