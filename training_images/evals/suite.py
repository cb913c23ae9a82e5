# SPDX-License-Identifier: Apache-2.0
"""What is in the eval suite, and are these its items? Parts of items with digests; the committed digests define it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

from training_images.data.rows import Row, digest, read
from training_images.data.splits import place
from training_images.evals.leaks import check_rows
from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec

NAME: Final = "spiralverse-canonical"
VERSION: Final = "1.0.0"
PARTS: Final = ("task", "retrieval", "policy", "adversarial", "prose", "judge")
DOCUMENTS: Final = "documents"
FILE: Final = "suite.json"
DISTRACTORS: Final = 3
"""Documents without a question that a sample contains for each of its questions."""
_LONGEST: Final = 512
_SHOWN: Final = 40
_SAMPLE: Final = "sample"
"""Seeds the choice of a sample."""
Item = Row
"""An item is a row; its id, cluster and category go into its record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Items that are asked together.

    Args:
        suite: The name under which manifests state the scores.
        items: In order of id.
        digest: Digest of the items.
    """

    suite: str
    items: Sequence[Item]
    digest: str

    @property
    def texts(self) -> list[str]:
        """The items' texts, in the items' order."""
        return [item.text for item in self.items]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The suite, or a sample of it.

    Args:
        name: `spiralverse-canonical`.
        version: Scores are comparable only within one version.
        parts: By name: task, retrieval, policy, adversarial, prose, judge.
        documents: The documents that the retrieval part searches; the label of an item is the id of the right one.
    """

    name: str
    version: str
    parts: Mapping[str, Part]
    documents: Sequence[Row]

    @property
    def digest(self) -> str:
        """Digest of all items and documents."""
        lines = [self.name, self.version, *(f"{name}={part.digest}" for name, part in sorted(self.parts.items()))]
        return "sha256:" + hashlib.sha256("\n".join([*lines, digest(self.documents)]).encode()).hexdigest()

    def sample(self, number: int) -> "Suite":
        """At most `number` items of each part, spread by a hash, with documents to search; for quick runs and tests."""
        parts = {name: part_of(name, _chosen(part.items, number)) for name, part in self.parts.items()}
        right_ids = {item.label for item in parts["retrieval"].items} if "retrieval" in parts else set()
        distractors = [row for row in self.documents if row.id not in right_ids]
        document_ids = {row.id for row in _chosen(distractors, DISTRACTORS * number)} | right_ids
        return replace(self, parts=parts, documents=[row for row in self.documents if row.id in document_ids])


def part_of(name: str, items: Sequence[Item]) -> Part:
    """A part with these items; the task part's scores have the suite's own name."""
    ordered = sorted(items, key=lambda item: item.id)
    suite = NAME if name == "task" else f"spiralverse-{name}"
    return Part(suite=suite, items=ordered, digest=digest(ordered))


def committed() -> dict[str, Any]:
    """The repository's description of the suite."""
    description: dict[str, Any] = json.loads(resources.files(__package__).joinpath(FILE).read_text("utf-8"))
    return description


def load(folder: Path) -> Suite:
    """Load the suite that was built in a folder.

    Raises:
        ConfigError: The suite is missing, or its items are not those of the committed suite.
    """
    suite = loose(folder)
    description = committed()
    for name, stated_part in description["parts"].items():
        if suite.parts[name].digest != stated_part["digest"]:
            raise ConfigError(
                f"the part {name} of the suite in {folder} is not version {description['version']}: its digest is "
                f"{suite.parts[name].digest} instead of {stated_part['digest']}; build it again: "
                "python -m training_images.data"
            )
    if suite.digest != description["digest"]:
        raise ConfigError(
            f"the suite in {folder} is not the committed one; build it again: python -m training_images.data"
        )
    return suite


def load_suite(spec: JobSpec) -> Suite:
    """The suite that a job was given: the committed one, or with `--suite own` the one in the channel.

    Scores on one's own items carry a different digest, so no gate ever compares them with scores on the committed
    suite.
    """
    own = spec.settings.choice("suite", ("canonical", "own"), "canonical") == "own"
    folder = spec.channel("suite")
    return _own(loose(folder)) if own else load(folder)


def _own(suite: Suite) -> Suite:
    """The same items under a name that cannot be confused with the canonical suite's.

    Raises:
        ConfigError: An item is not valid, or its record would not be; the message names it.
    """
    for name, part in suite.parts.items():
        if part.items:  # not every kind is asked all parts
            check_rows(f"the suite's {name}", part.items)
        for item in part.items:
            _refuse_unrecordable(name, item)
    parts = {name: replace(part, suite=f"own-{name}") for name, part in suite.parts.items()}
    return replace(suite, name="own", parts=parts)


def _refuse_unrecordable(name: str, item: Item) -> None:
    """Refuse an item that schemas/record.v1.json would refuse, but before an hour of training."""
    if not item.id.strip():
        raise ConfigError(f"the suite's {name}: the item {item.text[:_SHOWN]!r} has no id; give each its own")
    for field in ("id", "cluster", "category"):
        if len(getattr(item, field)) > _LONGEST:
            raise ConfigError(
                f"the suite's {name}: the {field} of {item.id[:_SHOWN]} is longer than the {_LONGEST} characters of a record"
            )


def loose(folder: Path) -> Suite:
    """Load the suite in a folder without comparing digests: for tests and for one's own suites."""
    parts = {name: part_of(name, read(folder / f"{name}.jsonl")) for name in PARTS}
    return Suite(name=NAME, version=VERSION, parts=parts, documents=read(folder / f"{DOCUMENTS}.jsonl"))


def _chosen(rows: Sequence[Row], number: int) -> list[Row]:
    ordered = sorted(rows, key=lambda row: place(row.id, _SAMPLE))
    return sorted(ordered[:number], key=lambda row: row.id)
