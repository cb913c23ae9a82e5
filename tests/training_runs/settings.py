# SPDX-License-Identifier: Apache-2.0
"""Which settings does an image say that it knows, and which does its code ask for?"""

import ast
import re
from importlib import import_module

from tests.training_images.imports import ROOT

HOME = ROOT / "training_images"
IMAGES = sorted(path.parent.name for path in HOME.glob("*/Dockerfile"))
ASKING = {"text", "integer", "number", "share", "choice"}
ELSEWHERE = {"federated": {"services.py"}, "data_parallel": {"compare.py"}}
"""Files that read another command line than a job's."""


def known(image):
    """What the entry point hands to `run`; it is read, as importing it would run a job."""
    entry = ast.parse((HOME / image / "__main__.py").read_text("utf-8"))
    (module,) = [
        one.module
        for one in ast.walk(entry)
        if isinstance(one, ast.ImportFrom) and "SETTINGS" in [alias.name for alias in one.names]
    ]
    return import_module(module).SETTINGS


def asked(image):
    """Names of settings in calls such as `spec.settings.integer("steps", ...)`."""
    skipped = ELSEWHERE.get(image, set())
    for path in (HOME / image).glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))) if path.name not in skipped else ():
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args):
                continue
            of, first = ast.unparse(call.func.value), call.args[0]
            reads = call.func.attr in ASKING and of.endswith(("settings", "ask"))
            if not (reads or of.endswith("settings.given")):
                continue
            if isinstance(first, ast.JoinedStr):
                first = first.values[0]  # the beginning of names
            if isinstance(first, ast.Constant):
                yield first.value


def told(image):
    """Every word in backquotes of its README."""
    return set(re.findall(r"`(?:--)?([a-z_-]+\.?)[^`]*`", (HOME / image / "README.md").read_text("utf-8")))
