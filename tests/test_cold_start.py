# SPDX-License-Identifier: Apache-2.0
"""What every cold start imports holds structs: a dataclass compiles its methods at each import (docs/adr/0010)."""

import sys
from dataclasses import is_dataclass

import federation.runtime
from federation.sources.trust import Trust

PURE = ("federation.core", "federation.sources", "federation.steps")
EDGE = ("federation.ports", "federation.reads", "federation.runtime", "federation.settings")


def defined(module):
    return [one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__]


def test_nothing_that_a_deployed_step_imports_is_a_dataclass():
    imported = [module for name, module in sys.modules.items() if name.startswith(PURE) or name in EDGE]
    classes = [one for module in imported for one in defined(module)]
    assert federation.runtime in imported
    assert Trust in classes
    assert [one.__qualname__ for one in classes if is_dataclass(one)] == [], "make them of msgspec.Struct"
