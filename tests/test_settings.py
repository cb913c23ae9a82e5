# SPDX-License-Identifier: Apache-2.0
"""What the environment says is what a process gets, and docs/settings.md lists all of it."""

import re
from pathlib import Path

import pytest

from federation.errors import SettingsError
from federation.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "settings.md").read_text("utf-8")
ROWS = {
    row[0]: row[2]
    for line in PAGE.partition("## ")[0].splitlines()
    if (row := re.findall(r"(?<=\| )[^|]*(?= \|)", line.replace("| |", "|  |"))) and row[0].startswith("`FEDERATION_")
}
UNSET = Settings.read({})


def written(value):
    """A default as the page has it."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "`{}`" if value == {} else f"`{value}`" if value else ""


def test_the_page_lists_every_variable_with_its_default_and_no_other():
    fields = {f"`FEDERATION_{name.upper()}`": getattr(UNSET, name) for name in Settings.__struct_fields__}
    assert {name: default.strip() for name, default in ROWS.items()} == {
        name: written(value) for name, value in fields.items()
    }, "docs/settings.md has a row for every field of Settings, with its default"


def test_the_page_names_every_variable_that_the_code_does():
    sources = (ROOT / "functions").rglob("*.py")
    named = {name for path in sources for name in re.findall(r"FEDERATION_[A-Z_]*[A-Z]", path.read_text("utf-8"))}
    assert {name for name in named if f"`{name}`" not in PAGE} == set(), "docs/settings.md names them"


@pytest.mark.parametrize("name", [name for name in Settings.__struct_fields__ if isinstance(getattr(UNSET, name), str)])
def test_every_text_is_read(name):
    value = "aws" if name == "home" else "something"
    assert getattr(Settings.read({f"FEDERATION_{name.upper()}": value}), name) == value


@pytest.mark.parametrize("name", [name for name in Settings.__struct_fields__ if getattr(UNSET, name) == {}])
def test_every_object_is_read_and_anything_else_refused(name):
    variable = f"FEDERATION_{name.upper()}"
    assert getattr(Settings.read({variable: '{"a": 1}'}), name) == {"a": 1}
    assert getattr(Settings.read({variable: ""}), name) == {}
    with pytest.raises(SettingsError, match=variable):
        Settings.read({variable: "[1]"})


def test_a_truth_is_one_of_two_words():
    assert Settings.read({"FEDERATION_INLINE": "true"}).inline
    with pytest.raises(SettingsError, match="FEDERATION_INLINE"):
        Settings.read({"FEDERATION_INLINE": "yes"})


@pytest.mark.parametrize("store", ["", "bucket", "gs://bucket", "s3://", "s3:bucket"])
def test_a_store_that_lies_elsewhere_is_refused(store):
    with pytest.raises(SettingsError, match="FEDERATION_STORE"):
        Settings(home="aws", store=store).store_in("s3")


@pytest.mark.parametrize("store", ["s3://bucket/a/b", "s3://bucket/a/b/", "s3://bucket//a/b"])
def test_the_stores_prefix_ends_in_one_slash(store):
    assert Settings(home="aws", store=store).store_in("s3") == ("bucket", "a/b/")


def test_what_a_home_needs_is_named_by_its_variable():
    with pytest.raises(SettingsError, match="FEDERATION_STORE, FEDERATION_BUS"):
        Settings(home="aws").needed("store", "bus")
