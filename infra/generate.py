# SPDX-License-Identifier: Apache-2.0
"""Generates files from others, for `make generate`. A test fails if one is out of date."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

HEAD = '''# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas of schemas/ as the package carries them. Made by `make generate`; edit schemas/ instead."""

from collections.abc import Mapping
from typing import Final

SCHEMAS: Final[Mapping[str, bytes]] = {
'''


def schemas_module() -> str:
    """functions/federation/core/schemas.py: every schema in one compact line."""
    lines = [
        f"    {json.dumps(path.stem)}: {_compact(path)!r},  # noqa: E501\n"
        for path in sorted((ROOT / "schemas").glob("*.json"))
    ]
    return HEAD + "".join(lines) + "}\n"


def routes() -> str:
    """events/routes.json: which steps handle which events."""
    from federation.runtime import routes as heard  # noqa: PLC0415 - it needs the schemas that are written first

    return json.dumps(heard(), indent=2) + "\n"


def generated() -> dict[Path, str]:
    """Each generated file, with the content that it should have."""
    return {
        ROOT / "functions/federation/core/schemas.py": schemas_module(),
        ROOT / "events/routes.json": routes(),
    }


def _compact(path: Path) -> bytes:
    return json.dumps(json.loads(path.read_text("utf-8")), separators=(",", ":"), sort_keys=True).encode()


def main() -> None:
    """Write every generated file."""
    schemas = ROOT / "functions/federation/core/schemas.py"
    schemas.write_text(schemas_module(), "utf-8")
    for path, text in generated().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
