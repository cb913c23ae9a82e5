# SPDX-License-Identifier: Apache-2.0
"""A job tells the memory that it took itself, not what the process held that started it."""

import subprocess
import sys

from training_images.job.peak_memory import peak_memory_mb

HOLD = "import time; held = bytearray(b'x') * (200 * 2**20); time.sleep(1)"
TELL = "from training_images.job.peak_memory import peak_memory_mb; print(peak_memory_mb())"


def test_a_process_that_took_400_mb_tells_so():
    held = bytearray(b"x") * (400 * 2**20)
    assert peak_memory_mb() >= len(held) // 2**20


def test_those_that_a_process_ran_at_once_count_too():
    alone = peak_memory_mb()
    others = [subprocess.Popen([sys.executable, "-c", HOLD]) for _ in range(2)]
    assert [other.wait() for other in others] == [0, 0]
    assert peak_memory_mb(2) >= alone + 400


def test_a_small_process_that_a_large_one_starts_is_small():
    held = bytearray(b"x") * (400 * 2**20)
    told = subprocess.run(
        [sys.executable, "-c", TELL], capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}
    )
    assert 0 < int(told.stdout) < len(held) // 2**20
