# SPDX-License-Identifier: Apache-2.0
"""The page for beginners does what it says: from nothing to a unit in a repository, and without a token to a dry run."""

import ast
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from infra.emulators import hub
from infra.emulators.hub_repositories import Commit, Repository
from nbclient import NotebookClient
from nbformat import NotebookNode
from tests.training_runs.starter.tiny_base import tiny_base

from federation.core import contract
from federation.core.manifest import manifest_of

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "starter.ipynb"
PREPARED = ROOT / "build" / "models" / "smollm2"
OWNER = "beginner"
REPOSITORY = f"{OWNER}/first-unit"
TOKEN = "hf_anything"
LONGEST = 600
"""Seconds of a cell; on a free core the slowest takes twenty."""


def page() -> NotebookNode:
    return nbformat.read(PAGE, as_version=4)


def environment(folder: Path, base: Path, **more: str) -> dict[str, str]:
    """All that a kernel gets: nothing of the process that tests, which may hold secrets."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}",
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "passive",
        "GOMP_SPINCOUNT": "0",
        "HF_HUB_DISABLE_XET": "1",
        "STARTER_FOLDER": str(folder / "starter"),
        "STARTER_BASE": str(base),
        "STARTER_BASE_NAME": "small/world",
        "STARTER_STEPS": "6",
        "STARTER_SAMPLE": "60",
        "STARTER_UNIT": f"{OWNER}/textgen-lora-v1",
        "STARTER_REPOSITORY": REPOSITORY,
        **more,
    }


def executed(notebook: NotebookNode, folder: Path, told: Mapping[str, str]) -> NotebookNode:
    client = NotebookClient(
        notebook, timeout=LONGEST, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute(env=dict(told))


def said(notebook: NotebookNode, name: str) -> str:
    """What a cell printed."""
    cell = next(cell for cell in notebook.cells if cell.id == name)
    return "".join(output.get("text", "") for output in cell.outputs)


@dataclass(frozen=True, kw_only=True)
class Story:
    """The page as it ended, the environment it had, and the repository that it pushed to."""

    page: NotebookNode
    environment: Mapping[str, str]
    repository: Repository

    @property
    def commit(self) -> Commit:
        return self.repository.at("main")

    def body(self, path: str) -> bytes:
        return self.commit.files[path].body


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("beginner")
    base = PREPARED if (PREPARED / "config.json").exists() else tiny_base(folder / "base")
    with hub.serving() as registry:
        told = environment(folder, base, HF_ENDPOINT=registry.endpoint, HF_TOKEN=TOKEN)
        done = executed(page(), folder, told)
        yield Story(page=done, environment=told, repository=registry.repositories.find("model", REPOSITORY))


def test_every_cell_of_code_parses_and_none_keeps_what_it_put_out():
    nbformat.validate(page())
    assert (page().nbformat, page().nbformat_minor) == (4, 5)
    for cell in page().cells:
        if cell.cell_type == "code":
            ast.parse(cell.source)
            assert cell.outputs == []
            assert cell.execution_count is None


def test_the_page_names_no_place_of_the_machine_it_was_written_on():
    assert not re.findall(r"(?<![\w/.:])/(?:home|work|root|tmp|Users|usr|opt|content)\b", PAGE.read_text("utf-8"))
    assert not re.findall(r"\bhf_[A-Za-z0-9]{8,}", PAGE.read_text("utf-8"))


def test_a_page_that_was_executed_leaves_card_adapter_records_and_manifest_in_one_commit(story):
    newest, first = story.repository.history("main")
    assert newest.title == "A unit, with its evidence and its manifest"
    assert set(first.files) == {".gitattributes"}
    assert set(newest.files) >= {
        "README.md",
        "_MANIFEST.json",
        "textgen-lora/README.md",
        "textgen-lora/adapter_config.json",
        "textgen-lora/adapter_model.safetensors",
        "textgen-lora/charts/loss.svg",
        *(f"textgen-lora/records/{part}.jsonl" for part in ("quality", "policy", "adversarial", "latency")),
    }


def test_the_manifest_in_the_repository_keeps_the_contract_and_every_file_is_what_it_says(story):
    document = json.loads(story.body("_MANIFEST.json"))
    contract.check("manifest.v1", document, what="the page's manifest")
    (unit,) = manifest_of(document).units
    assert (document["platform"], unit.name) == ("hf", f"{OWNER}/textgen-lora-v1")
    for file in unit.files:
        assert hashlib.sha256(story.body(file.path)).hexdigest() == file.sha256


def test_the_card_in_front_has_front_matter_and_shows_the_charts_where_they_lie(story):
    card = story.body("README.md").decode()
    assert card.startswith("---\n")
    charts = re.findall(r"\]\((.+?\.svg)\)", card)
    assert set(charts) == {f"textgen-lora/charts/{name}.svg" for name in ("loss", "reliability", "latency")}
    assert set(charts) <= set(story.commit.files)


def test_the_reader_sees_the_split_the_leak_that_is_caught_the_curve_and_the_verdict_on_the_manifest(story):
    assert re.search(r"intents +[\d,]+ rows in [\d,]+", said(story.page, "data"))
    assert "intents leaks" in said(story.page, "leak")
    assert "accuracy" in said(story.page, "metrics")
    shown = [output for cell in story.page.cells for output in cell.get("outputs", ()) if "data" in output]
    assert sum("image/svg+xml" in output["data"] for output in shown) == 3
    assert "manifest.v1" in said(story.page, "manifest")


def test_no_token_is_shown_and_none_reaches_what_is_pushed(story):
    assert TOKEN not in nbformat.writes(story.page)
    assert not any(TOKEN.encode() in file.body for file in story.commit.files.values())


def test_without_a_token_nothing_is_pushed_and_it_is_said(story, tmp_path):
    kept = page()
    kept.cells = [cell for cell in kept.cells if cell.id in {"install", "parameters", "job", "push"}]
    kept.cells.insert(2, nbformat.v4.new_code_cell("DATA = SUITE = FOLDER"))
    told = {name: value for name, value in story.environment.items() if name != "HF_TOKEN"} | {"HOME": str(tmp_path)}
    done = executed(kept, tmp_path, told)
    assert "A dry run" in said(done, "push")
    assert "_MANIFEST.json" in said(done, "push")
    assert len(list(story.repository.history("main"))) == 2
