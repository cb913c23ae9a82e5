# SPDX-License-Identifier: Apache-2.0
"""How much more does a warm invocation cost than a handler that does nothing, if every service answers at once?

It calls the deployed entry files as their platforms do: with a batch of one message, or through the WSGI application of
functions-framework. Their ports keep everything in memory, so the time is that of reading, deciding, logging and
answering.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from bench.goal import Goal
from bench.processes import ROOT
from bench.timing import Seconds, ratio, shown
from bench.warm_handlers import NOTHING, ONE_LINE

_FRAMEWORKS: Final[Mapping[str, str]] = {"aws": "Logger and BatchProcessor", "gcp": "functions-framework"}
_NAMES: Final[Mapping[str, str]] = {"aws": "AWS", "gcp": "Google Cloud"}


def measure() -> Iterator[Goal]:
    """Goals for every function of each cloud."""
    for cloud, framework in _FRAMEWORKS.items():
        found = _found(cloud)
        others = [name for name in (NOTHING, ONE_LINE) if name in found]
        for function in found:
            if function not in others:
                yield Goal(
                    name=f"warm {function} on {_NAMES[cloud]}, against a handler that does nothing",
                    what=f"CPU time of one invocation through {framework}, services excluded",
                    sense="at most",
                    asked=2.0,
                    measured=ratio(found, function, NOTHING),
                    numbers=shown({name: found[name] for name in (function, *others)}),
                )


def _found(cloud: str) -> Seconds:
    """CPU seconds by function; what the functions log goes nowhere, as on AWS's side, so that no reader wakes for it."""
    command = [sys.executable, "-m", "bench.warm_handlers", cloud]
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return msgspec.json.decode(told, type=dict[str, list[float]])
