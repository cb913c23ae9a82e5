# SPDX-License-Identifier: Apache-2.0
"""Writes and reads an index: numbers as safetensors, names as JSON."""

from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from training_images.job.errors import ConfigError
from training_images.retrieval_eval.index import Axes, Index

VECTORS: Final = "index.safetensors"
ENTRIES: Final = "entries.json"
FILES: Final = (ENTRIES, VECTORS)


def save_index(index: Index, folder: Path) -> None:
    """Write an index into a folder."""
    arrays = {
        "turn": index.axes.turn,
        "step": index.axes.step,
        "documents": index.documents,
        "exemplars": index.exemplars,
    }
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / VECTORS)
    entries = {"documents": list(index.ids), "exemplars": list(index.labels)}
    (folder / ENTRIES).write_bytes(msgspec.json.encode(entries) + b"\n")


def read_index(folder: Path) -> Index:
    """Read the index that `save_index` wrote.

    Raises:
        ConfigError: A file is missing or cannot be read.
    """
    try:
        arrays, entries = load_file(folder / VECTORS), msgspec.json.decode((folder / ENTRIES).read_bytes())
        return Index(
            axes=Axes(turn=arrays["turn"], step=arrays["step"]),
            documents=arrays["documents"],
            ids=entries["documents"],
            exemplars=arrays["exemplars"],
            labels=entries["exemplars"],
        )
    except (OSError, SafetensorError, KeyError, msgspec.DecodeError) as error:
        raise ConfigError(f"{folder.name} has no index that can be read: {error}") from error
