# SPDX-License-Identifier: Apache-2.0
"""Who adds a platform, a sender, an image, a command or a rule is told of every list that has to learn of it."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest
from infra.package import CLOUDS

from federation.cli.root import COMMANDS
from federation.core.contract import schema_of
from federation.core.placement import Place
from federation.core.policy import PLACE_FIELDS, Policy
from federation.sources import Request, Trust, entry, read, trust
from federation.sources.readers import ENTRIES

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LONGEST = 250
GENERATED = "functions/federation/core/schemas.py"


def text(*places: str) -> str:
    return "\n".join((ROOT / place).read_text("utf-8") for place in places)


def adapters() -> set[str]:
    """What stands beside `local` in the layers: folders alone, and none that only a local home needs."""
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    (beside,) = [names for layer in layers if "local" in (names := layer.split(" | "))]
    return {name for name in beside if (ROOT / "functions/federation" / name).is_dir()} - {"local"}


def test_a_platforms_adapter_is_packed_for_whoever_asks_and_for_nobody_else():
    assert adapters() == CLOUDS, "CLOUDS of infra/package.py has every adapter folder, or it is in all packages"
    asked = PROJECT["project"]["optional-dependencies"]
    assert adapters() <= set(asked), "[project.optional-dependencies] has what each adapter imports, under its name"


def backends() -> list[tuple[str, str]]:
    """Every backend of a port's suite, with the file of its fixture."""
    ports = "|".join(re.findall(r"^def (\w+)\(request\)", text("tests/ports/conftest.py"), re.MULTILINE))
    fixture = re.compile(rf"^@pytest\.fixture.*\ndef (\w+)_(?:{ports})\(", re.MULTILINE)
    files = sorted((ROOT / "tests/ports").glob("backends_*.py"))
    return [(path.name, name) for path in files for name in fixture.findall(path.read_text("utf-8"))]


def test_every_adapter_is_tried_by_the_suites_of_its_ports():
    tried = {path.stem.removeprefix("backends_") for path in (ROOT / "tests/ports").glob("backends_*.py")}
    assert adapters() - tried == set(), "tests/ports has backends_NAME.py for each, with one fixture a port"
    listed = text("tests/ports/conftest.py")
    assert ("backends_azure.py", "azure") in backends()
    unheard = [f"{file}: {name}" for file, name in backends() if f'"{name}"' not in listed]
    assert unheard == [], "nothing tries these; add them to the params of their port in tests/ports/conftest.py"


SECRETS = [(key, field) for field, (key, reads) in trust._KEYS.items() if reads is trust._secret]


@pytest.mark.parametrize(("key", "field"), SECRETS)
def test_a_senders_secret_is_never_shown_and_is_read_by_the_door_that_asks_for_it(key: str, field: str):
    assert "opensesame" not in repr(Trust.read({key: "opensesame"})), (
        f"add {field} to _KEYS, read with `_secret` of sources/trust.py"
    )
    asked = {entry.secret_shown(one) for one in ENTRIES}
    assert key in asked, f"no deployed door would read {key}: add its entry to _SHOWN of sources/entry.py"
    for cloud in ("aws", "gcp"):
        has_a_place = f'"{key}"' in text(f"infra/{cloud}/secrets.tf")
        assert has_a_place, f"a deployed home has no place for {key}: add it to door_keys of infra/{cloud}/secrets.tf"


HTTP = [one for one in ENTRIES if one.startswith("http:")]
OF_GOOGLE = {"http:pubsub-push", "http:eventarc-binary", "http:cloudevents-structured"}
"""These share one path, and a request's headers tell which it is."""


def test_every_door_has_a_path():
    assert {*entry.PATHS.values(), *OF_GOOGLE} == set(HTTP), (
        "PATHS of sources/entry.py leads to each of sources/readers.py"
    )


def test_the_page_has_every_key_of_the_trust_document():
    listed = text("docs/sources.md").partition("## The trust document")[2].partition("## Faults")[0]
    silent = [key for key, _ in trust._KEYS.values() if f"`{key}`" not in listed]
    assert silent == [], "docs/sources.md says what each key of the trust document means"


@pytest.mark.parametrize("name", HTTP)
def test_a_request_is_answered_with_a_status_whatever_it_says(name: str):
    found = read(Request(entry=name, body=b"{"), Trust())
    assert found.respond, f"add {name} to _TAKEN of sources/answer.py"


OF_ITS_OWN = {"federated"}
"""Flower shares no environment with what the other images need."""


def test_an_image_is_pinned_again_with_the_others_and_stands_in_the_table():
    images = {path.parent.name for path in (ROOT / "training_images").glob("*/Dockerfile")}
    (pinned,) = re.findall(r"^IMAGES := (.*)$", text("Makefile"), re.MULTILINE)
    assert images - OF_ITS_OWN == set(pinned.split()), "IMAGES of the Makefile has every image: `make lock-training`"
    told = text("training_images/README.md")
    assert [one for one in images if f"[{one}]({one}/README.md)" not in told] == [], (
        "the table of training_images/README.md has a row for each"
    )


def test_a_command_is_told_of_on_some_page():
    pages = text("README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
    assert set(COMMANDS) - {*re.findall(r"federation ([a-z]+)", pages)} == set(), "name it in README.md or below docs/"


def unread(stated: Mapping[str, Any], kind: Any, place: str) -> Iterator[str]:
    """Every field of a schema that the struct in which such a document ends does not have."""
    inner = [one for one in get_args(kind) if one is not type(None)]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = {one.encode_name: one.type for one in msgspec.structs.fields(kind)}
        for name, node in stated.get("properties", {}).items():
            where = f"{place}.{name}"
            yield from unread(node, fields[name], where) if name in fields else [f"{where}, a field of {kind.__name__}"]
    elif get_origin(kind) is Mapping and isinstance(values := stated.get("additionalProperties"), dict):
        yield from unread(values, inner[1], f"{place}.*")
    elif get_origin(kind) in (Sequence, tuple) and "items" in stated:
        yield from unread(stated["items"], inner[0], f"{place}[]")
    elif len(inner) == 1:
        yield from unread(stated, inner[0], place)


def test_whatever_a_policy_may_say_is_read():
    """A limit that the schema takes and no gate sees would be believed to hold."""
    own_place = {f"$.jobs.*.{name}, a field of Job" for name in PLACE_FIELDS}
    assert set(Place.__struct_fields__) >= PLACE_FIELDS, "core/policy.py moves these from a job to its only place"
    found = set(unread(schema_of("policy.v1"), Policy, "$")) - own_place - {"$.schema, a field of Policy"}
    assert found == set(), (
        "schemas/policy.v1.json allows these; add them to their structs too, and to whatever judges by them"
    )


def test_no_file_outgrows_its_question():
    files = [path for folder in ("functions", "infra") for path in (ROOT / folder).rglob("*.py")]
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in files}
    assert lines.pop(GENERATED)
    long = {name: count for name, count in lines.items() if count > LONGEST}
    assert long == {}, f"more than {LONGEST} lines answer two questions: split them"
