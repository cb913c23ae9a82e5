# SPDX-License-Identifier: Apache-2.0
"""What does the Google provider accept? Its schemas for the resources of infra/gcp, out of the CDK's generated bindings.

Where no provider can be downloaded, infra/check.py checks infra/gcp against google_schema.json, which this script wrote.
The bindings are no dependency: only whoever adds a new kind of resource needs them, once:

    pip download --no-deps cdktf-cdktf-provider-google==16.12.1        # provider 6.50.0, MPL-2.0
    python infra/terraform/extract_google_schema.py cdktf_cdktf_provider_google-16.12.1-py3-none-any.whl

The bindings tell attributes, blocks, types and what is required. They do not tell sets from lists, nor what the provider
checks in code (regions, patterns), so neither does the result.
"""

import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
SCHEMA: Final = HERE / "google_schema.json"
_META: Final = frozenset({"connection", "count", "dependsOn", "forEach", "lifecycle", "provider", "provisioners"})
"""Attributes that Terraform adds to every resource; in a block these are names like any other."""
_PRIMITIVES: Final = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
_LOCAL: Final = frozenset({"project", "region", "location", "zone"})
"""Attributes that the provider fills in from its own configuration."""

Types = Mapping[str, Mapping[str, Any]]


def bindings(wheel: Path) -> Types:
    """The types of the bindings, by their full names."""
    with zipfile.ZipFile(wheel) as outer:
        name = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as inner:
            member = inner.extractfile("package/.jsii")
            if member is None:
                raise SystemExit(f"{wheel} has no package/.jsii; is it another version?")
            found: Types = json.load(member)["types"]
            return found


def resources_of(folder: Path) -> frozenset[str]:
    """Every kind of Google resource in a folder of HCL."""
    text = "\n".join(path.read_text("utf-8") for path in sorted(folder.rglob("*.tf")))
    return frozenset(re.findall(r'^resource "(google_\w+)"', text, re.MULTILINE))


def schemas(types: Types, wanted: Iterable[str]) -> Mapping[str, Any]:
    """The attributes and blocks of each wanted kind.

    Raises:
        SystemExit: The bindings do not know one of the kinds.
    """
    classes = dict(_classes(types))
    missing = sorted(set(wanted) - classes.keys())
    if missing:
        raise SystemExit(f"the bindings know no {', '.join(missing)}")
    return {name: _resource(classes[name], types) for name in sorted(wanted)}


def _classes(types: Types) -> Iterator[tuple[str, str]]:
    for name, found in types.items():
        summary = found.get("docs", {}).get("summary", "")
        told = re.search(r" (google_\w+)\}\.", summary)
        if found.get("kind") == "class" and told and "/data-sources/" not in summary:
            yield told[1], name


def _resource(name: str, types: Types) -> Mapping[str, Any]:
    block = _block(f"{name}Config", name, types, without=_META)
    for attribute, stated in block["attributes"].items():
        if attribute == "id" or (attribute in _LOCAL and not stated.get("required")):
            stated["computed"] = True
    return block


def _block(config: str, outputs: str, types: Types, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    stated = [one for one in types[config].get("properties", []) if one["name"] not in without]
    for one in stated:
        name, kind, required = _name(one), _type(one["type"], types), not one.get("optional")
        if isinstance(kind, dict):
            blocks[name] = {
                "block": _block(kind["block"], f"{kind['block']}OutputReference", types),
                "max": 0 if kind["many"] else 1,
                "min": 1 if required else 0,
                "single": name == "timeouts",
            }
        else:
            attributes[name] = {"type": kind, "required": True} if required else {"type": kind, "optional": True}
    known = {one["name"] for one in stated}
    attributes |= {_snake(one["name"]): one_of for one, one_of in _computed(outputs, known | without, types)}
    return {"attributes": dict(sorted(attributes.items())), "blocks": dict(sorted(blocks.items()))}


def _computed(outputs: str, known: set[str], types: Types) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Attributes that only the provider fills in: outputs that are not inputs."""
    for one in types.get(outputs, {}).get("properties", []):
        told = one.get("immutable") and not one.get("static") and one["name"] not in known | {"internalValue"}
        if told and not one["name"].endswith("Input") and "primitive" in one["type"]:
            yield one, {"type": _PRIMITIVES[one["type"]["primitive"]], "computed": True}


def _type(stated: Mapping[str, Any], types: Types) -> Any:
    """A Terraform type as its JSON, or a block by the full name of its struct."""
    if "union" in stated:
        stated = next(one for one in stated["union"]["types"] if one.get("fqn") != "cdktf.IResolvable")
    if "primitive" in stated:
        return _PRIMITIVES[stated["primitive"]]
    if "collection" in stated:
        element = _type(stated["collection"]["elementtype"], types)
        if isinstance(element, dict):
            return {**element, "many": True}
        return [{"array": "list", "map": "map"}[stated["collection"]["kind"]], element]
    return "bool" if stated["fqn"] == "cdktf.IResolvable" else {"block": stated["fqn"], "many": False}


def _name(one: Mapping[str, Any]) -> str:
    """The name in HCL, which the bindings give only in a link to the documentation."""
    docs = one.get("docs", {})
    told = re.search(r"#(\w+) ", docs.get("remarks") or docs.get("summary") or "")
    return told[1] if told else _snake(one["name"])


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda found: "_" + found[1].lower(), name)


def main() -> None:
    """Write google_schema.json anew from the given wheel."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the script and one wheel
        raise SystemExit(__doc__)
    found = schemas(bindings(Path(sys.argv[1])), resources_of(HERE.parent / "gcp"))
    SCHEMA.write_text(json.dumps(found, separators=(",", ":"), sort_keys=True) + "\n", "utf-8")
    sys.stdout.write(f"{SCHEMA.name}: {len(found)} kinds of resource\n")


if __name__ == "__main__":
    main()
