# SPDX-License-Identifier: Apache-2.0
"""What a module imports, directly and through this repository's other modules, also inside functions."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = {"training_images": ROOT, "federation": ROOT / "functions"}


def outside(module: str) -> dict[str, str]:
    """Imports from outside the repository and the standard library, each with a file that imports it."""
    seen: set[str] = set()
    waiting, importers = [module], {}
    while waiting:
        current = waiting.pop()
        path = _file(current)
        if current in seen or path is None:
            continue
        seen.add(current)
        for name in _names(path):
            if name.partition(".")[0] in PLACES:
                waiting.extend(_with_packages(name))
            elif name.partition(".")[0] not in sys.stdlib_module_names:
                importers.setdefault(name, str(path.relative_to(ROOT)))
    return importers


def inside(module: str) -> set[str]:
    """Paths of the repository's own files that a module needs, itself included."""
    seen: set[str] = set()
    waiting = list(_with_packages(module))
    while waiting:
        path = _file(waiting.pop())
        if path is None or str(path.relative_to(ROOT)) in seen:
            continue
        seen.add(str(path.relative_to(ROOT)))
        for name in _names(path):
            if name.partition(".")[0] in PLACES:
                waiting.extend(_with_packages(name))
    return seen


@cache
def _names(path: Path) -> tuple[str, ...]:
    return tuple(_imported(ast.parse(path.read_text("utf-8"))))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _with_packages(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _file(module: str) -> Path | None:
    place = PLACES.get(module.partition(".")[0])
    if place is None:
        return None
    path = place.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
