# SPDX-License-Identifier: Apache-2.0
"""Chooses the device and the number of threads, and seeds the random generators.

On shared cores, two OpenMP threads that wait by spinning train a small model three times slower than one. So a process
uses one thread unless FEDERATION_THREADS says otherwise; GPUs are not affected.
"""

import os
import random
from typing import Final

import numpy as np
import torch

from training_images.job.errors import ConfigError

_THREADS_VARIABLE: Final = "FEDERATION_THREADS"
_LARGEST_SEED: Final = 2**32 - 1
"""The largest seed that numpy's old generator accepts."""


def prepare_device(seed: int) -> torch.device:
    """Seed every random generator, and return the device to train on: the first GPU, or else the CPU.

    Raises:
        ConfigError: The seed is larger than numpy accepts, or FEDERATION_THREADS is not a number of threads.
    """
    if seed > _LARGEST_SEED:
        raise ConfigError(f"--seed {seed} is too large: give a whole number up to {_LARGEST_SEED}")
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries still use the old generator
    torch.manual_seed(seed)
    torch.set_num_threads(_threads())
    torch.set_deterministic_debug_mode("warn")  # use_deterministic_algorithms imports the compiler: two seconds
    torch.utils.deterministic.fill_uninitialized_memory = False  # nothing here reads uninitialised memory
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _threads() -> int:
    """The number of threads from the environment, 1 by default."""
    text = os.environ.get(_THREADS_VARIABLE, "1")
    if not (text.isdecimal() and int(text) > 0):
        raise ConfigError(f"{_THREADS_VARIABLE} is {text!r}: set it to a whole number from 1 on, or do not set it")
    return int(text)
