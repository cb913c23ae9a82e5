# SPDX-License-Identifier: Apache-2.0
"""Does every image do its job on every platform, and end with what the functions accept unchanged?

Each is started as a platform starts it, by its entry point in a process of its own, on one of them, which are taken in
turn; on the others it runs in this process, which has imported torch already. The federated image runs in an
environment of its own, and tells the same story in federated/test_contracts.py.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from tests.training_images.layouts import LAYOUTS, Layout
from tests.training_runs.entry_point import ended
from tests.training_runs.orders import Order, orders
from tests.training_runs.settings import known
from tests.training_runs.small_world import home, library

from federation.cli import run as federation
from federation.core.uri import SENTINEL
from training_images.job.errors import CONFIGURED_WRONG
from training_images.job.run import Train, run

IMAGES = (
    *("textgen_lora", "embedder", "retrieval_eval", "runtime_distilled", "inference_benchmark"),
    *("fusion_distill", "data_parallel"),
)
BY_ENTRY_POINT = dict(zip(IMAGES, [*LAYOUTS, *LAYOUTS], strict=False))
"""The platform on which an image is a process of its own."""
EVERY_JOB = [(image, platform) for image in IMAGES for platform in LAYOUTS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A job that a platform started, when it is over: its exit code, what it said, and of what it complained."""

    code: int
    said: str
    complaint: str
    layout: Layout
    order: Order

    @property
    def manifest(self) -> Path:
        return self.layout.output / SENTINEL

    @property
    def document(self) -> Any:
        return json.loads(self.manifest.read_bytes())

    @property
    def unit(self) -> Any:
        """The only one."""
        (unit,) = self.document["units"]
        return unit


class Jobs:
    """Every job, started when somebody first asks how it ended."""

    def __init__(self, folder: Path, given: dict[str, Order]) -> None:
        self._folder = folder
        self._given = given
        self._known: dict[tuple[str, str], Ended] = {}

    def ended(self, image: str, platform: str) -> Ended:
        if (image, platform) not in self._known:
            self._known[image, platform] = self._started(image, platform)
        return self._known[image, platform]

    def told(self, image: str) -> str:
        """How the sentence begins that this setting gets."""
        return self._given[image].told

    def misled(self, image: str, platform: str) -> tuple[int, Layout]:
        """The exit code of the same job with the setting that cannot be meant, told by its trainer in this process."""
        order = self._given[image]
        root, layout = self._laid_out(image, platform, (*order.settings, *order.wrong))
        return run(_trainer(image), layout.arguments, layout.environment, root), layout

    def _started(self, image: str, platform: str) -> Ended:
        order = self._given[image]
        root, layout = self._laid_out(image, platform, order.settings)
        if platform == BY_ENTRY_POINT[image]:
            process = ended(image, root, layout)
            code, said, complaint = process.returncode, process.stdout, process.stderr
        else:
            with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
                code = run(_trainer(image), layout.arguments, layout.environment, root, settings=known(image))
            said, complaint = out.getvalue(), err.getvalue()
        return Ended(code=code, said=said, complaint=complaint, layout=layout, order=order)

    def _laid_out(self, image: str, platform: str, settings: tuple[str, ...]) -> tuple[Path, Layout]:
        root, order = self._folder / f"{image}-{platform}-{len(settings)}", self._given[image]
        root.mkdir()
        return root, LAYOUTS[platform](root, order.channels, *settings, kind=order.kind)


def _trainer(image: str) -> Train:
    trainer: Train = import_module(f"training_images.{image}.train").train
    return trainer


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    folder = tmp_path_factory.mktemp("layouts")
    speech, documents = (world.shared(tmp_path_factory.getbasetemp()) for world in (home, library))
    for name, unit in (("a-runtime", speech.runtime), ("b-language", speech.language)):
        copytree(unit, folder / "members" / name)
    embedder = library.embedder_in(folder / "embedder", documents)
    return Jobs(folder, orders(speech, documents, embedder, folder / "members"))


@pytest.fixture(scope="module", params=EVERY_JOB, ids="-".join)
def job(request: pytest.FixtureRequest, jobs: Jobs) -> Ended:
    return jobs.ended(*request.param)


def files_named_in(document: Any) -> Iterator[tuple[str, str, int]]:
    """The path, hash and size of every file in a manifest, wherever it stands there."""
    if isinstance(document, dict):
        if "sha256" in document:
            yield document["path"], document["sha256"], document["bytes"]
        document = list(document.values())
    if isinstance(document, list):
        for part in document:
            yield from files_named_in(part)


def test_the_job_ends_well_and_has_nothing_to_complain_of(job: Ended) -> None:
    assert job.code == 0, job.complaint
    assert not job.layout.failure.exists()
    assert job.said.splitlines()[-1] == f"shipped {job.manifest}"


def test_the_command_line_accepts_its_manifest_and_records_unchanged(
    job: Ended, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(job.layout.output)
    records = [str(path.relative_to(job.layout.output)) for path in job.layout.output.rglob("*.jsonl")]
    assert federation(["validate", SENTINEL, *records]) == 0
    assert capsys.readouterr().out.count("valid\n") == 1 + len(records) >= 5


def test_every_file_that_its_manifest_names_lies_there_as_stated(job: Ended) -> None:
    named = list(files_named_in(job.document))
    assert {one["path"] for one in job.unit["files"]} < {path for path, _, _ in named}
    for path, sha256, size in named:
        body = (job.layout.output / path).read_bytes()
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (sha256, size), path


def test_it_says_what_it_is_and_which_job_on_which_platform_made_it_where(job: Ended) -> None:
    assert job.unit["kind"] == job.order.kind
    assert (job.document["platform"], job.unit["provenance"]["job"]) == (job.layout.platform, job.layout.name)
    learned = job.unit["residency"]["datasets"]
    assert learned
    assert {(one["platform"], one["region"]) for one in learned} == {(job.layout.platform, job.layout.region)}


def test_its_card_stands_beside_it(job: Ended) -> None:
    card = (job.layout.output / job.order.kind / "README.md").read_text("utf-8")
    assert card.startswith("---\n")
    assert job.unit["name"] in card


@pytest.mark.parametrize("image", IMAGES)
def test_the_same_command_comes_to_the_same_records_on_every_platform(image: str, jobs: Jobs) -> None:
    evidence = [jobs.ended(image, platform).unit["evidence"] for platform in LAYOUTS]
    judged = [[one["quality"], *one["safety"].values()] for one in evidence]
    assert len({tuple(part["records"]["sha256"] for part in parts) for parts in judged}) == 1


@pytest.mark.parametrize(("image", "platform"), BY_ENTRY_POINT.items())
def test_a_setting_that_cannot_be_meant_ends_the_job_for_good_with_a_sentence(
    image: str, platform: str, jobs: Jobs
) -> None:
    code, layout = jobs.misled(image, platform)
    assert code == CONFIGURED_WRONG
    (sentence,) = layout.failure.read_text("utf-8").splitlines()
    assert sentence.startswith(jobs.told(image))
    assert not list(layout.output.rglob("*"))
