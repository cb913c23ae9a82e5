# SPDX-License-Identifier: Apache-2.0
"""On which device does training run, and with which seeds?

With two spinning OpenMP threads on shared cores a small model learns three times slower than with one. So a process
uses one thread unless THREADS says otherwise; GPUs are not affected.
"""

import os
import random
from typing import Final

import numpy as np
import torch

from training_images.job.errors import ConfigError

_THREADS: Final = "FEDERATION_THREADS"
_LARGEST: Final = 2**32 - 1
"""The largest seed of numpy's old generator."""


def prepared(seed: int) -> torch.device:
    """Seed every generator; return the device to train on: the first GPU if there is one.

    Raises:
        ConfigError: numpy takes no seed of that size.
    """
    if seed > _LARGEST:
        raise ConfigError(f"--seed {seed} is too large: give a whole number up to {_LARGEST}")
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries still use the old generator
    torch.manual_seed(seed)
    torch.set_num_threads(int(os.environ.get(_THREADS, "1")))
    torch.set_deterministic_debug_mode("warn")  # use_deterministic_algorithms imports the compiler: two seconds
    torch.utils.deterministic.fill_uninitialized_memory = False  # nothing here reads uninitialised memory
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
