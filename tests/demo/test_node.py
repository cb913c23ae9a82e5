# SPDX-License-Identifier: Apache-2.0
"""A serving node that does what docs/infrastructure.md says, with nothing but what is published."""

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import to_builtins

from federation.core import names
from federation.core.digest import digest

PAGE = (Path(__file__).resolve().parents[2] / "docs/infrastructure.md").read_text("utf-8")
FIRST, SECOND = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.0.1"


@pytest.fixture(scope="module")
def written():
    """The functions on the page."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    written: dict = {}
    exec(program, written)  # noqa: S102 - what a reader of the page would run
    return written


@pytest.fixture(scope="module")
def verified(written):
    return written["verified"]


@pytest.fixture
def published(folder, tmp_path):
    """The registry and the platforms' places, to be damaged."""
    for name in ("registry", "clouds"):
        shutil.copytree(folder / name, tmp_path / name)
    return tmp_path


def manifest(published, release):
    return published / "registry" / release / "manifest.json"


def place(published, uri):
    return published / "clouds" / uri.replace("://", "/")


@pytest.fixture
def node(verified, published):
    """Fetches a release that an entry names."""

    def fetched(entry):
        body = manifest(published, entry["name"]).read_bytes()
        return verified(entry, body, lambda uri: place(published, uri).read_bytes())

    return fetched


def test_it_finds_every_digest_again_of_what_the_channel_names(node, channel):
    for entry in channel.live():
        release = node(to_builtins(entry))
        assert {kind: unit["artifact"] for kind, unit in release["units"].items()} == entry.units


@given(
    st.recursive(st.none() | st.booleans() | st.text(), lambda any_: st.lists(any_) | st.dictionaries(st.text(), any_))
)
@example({"\ufb01": "ligature", "\U0001f600": "sorted first by UTF-16 unit, and last by code point"})
def test_its_digests_are_ours_whatever_the_keys_are_called(written, document):
    assert written["digest"](document) == digest(document)


def test_who_knows_only_a_name_finds_the_digest_in_the_receipt(node, reads):
    release = node({"name": SECOND, **reads.document(names.receipt(SECOND))})
    loaded = {unit["name"] for unit in release["units"].values()}
    routes = release["routes"]
    assert {name for route in routes for name in route["serve"]} | set(release["fallback"]) <= loaded
    assert {name for route in routes if route["voting"] for name in route["voting"]["members"]} <= loaded


def test_the_one_unit_that_states_a_threshold_says_whose_index_is_compared_with(node, published, channel):
    release = node(to_builtins(channel.serving))
    (embedder,) = [unit["artifact"] for kind, unit in release["units"].items() if kind == "embedder"]
    for route in (route for route in release["routes"] if route["threshold"]):
        stated = [
            one["calibration"]
            for unit in release["units"].values()
            for one in json.loads(place(published, unit["manifest"]).read_bytes())["units"]
            if one["name"] == unit["name"] and route["prompt_type"] in one.get("calibration", {}).get("thresholds", {})
        ]
        assert [one["thresholds"][route["prompt_type"]] for one in stated] == [route["threshold"]]
        assert [one["embedder"] for one in stated] == [route["embedder"]] == [embedder]


def test_a_registry_that_has_other_routes_under_the_same_tag_is_refused(node, published, channel):
    there = manifest(published, FIRST)
    there.write_bytes(there.read_bytes().replace(b'"rule":"veto"', b'"rule":"majority"'))
    with pytest.raises(ValueError, match=f"the registry has another {FIRST}"):
        node(to_builtins(channel.serving))


def test_a_unit_whose_bytes_were_replaced_in_its_bucket_is_refused(node, published, channel):
    (model,) = (published / "clouds/s3").glob("**/runtime-distilled-v1/**/model.onnx")
    model.write_bytes(model.read_bytes()[:-1] + b"!")
    with pytest.raises(ValueError, match=r"model.onnx is not what spiralverse/runtime-distilled-v1 shipped"):
        node(to_builtins(channel.serving))


def test_a_unit_whose_contract_was_rewritten_in_its_manifest_is_refused(node, published, channel):
    (stated,) = (published / "clouds/gs").glob("**/v1/_MANIFEST.json")
    stated.write_bytes(stated.read_bytes().replace(b'"dimension": 384', b'"dimension": 512'))
    with pytest.raises(ValueError, match=r"_MANIFEST.json states another spiralverse/embedder-v1"):
        node(to_builtins(channel.serving))
