# SPDX-License-Identifier: Apache-2.0
"""How does a shipped runtime answer? From text to word pieces to probabilities, on one core, without torch.

Texts are asked one by one, as a server would be. Activations between int8 layers are quantised by the largest number of
a batch, so in a larger batch an answer would depend on its neighbours.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as refusals
from tokenizers import Tokenizer

from training_images.job.errors import ConfigError
from training_images.job.unit_folder import Shipped

KIND: Final = "runtime-distilled"
MODEL: Final = "model.onnx"
TOKENIZER: Final = "tokenizer.json"
LABELS: Final = "labels.json"
FILES: Final = (MODEL, TOKENIZER, LABELS)
INPUT: Final = "tokens"
"""(batch, length) of int64; 0 is padding."""
OUTPUT: Final = "probabilities"
"""(batch, labels) of float32."""
_REFUSALS: Final = (
    refusals.Fail,
    refusals.InvalidArgument,
    refusals.InvalidGraph,
    refusals.InvalidProtobuf,
    refusals.NotImplemented,
    refusals.RuntimeException,
)
"""What onnxruntime raises for a file that it cannot run; these have only Exception in common."""


class Runtime:
    """An ONNX model with its tokenizer and the labels in its numbering."""

    def __init__(self, model: Path, tokenizer: Path, labels: Path) -> None:
        """Open the three files.

        Raises:
            ConfigError: A file cannot be read, or the files do not belong together.
        """
        self._session = _session(model)
        self._tokenizer = _tokenizer(tokenizer)
        self.labels = _labels(labels)
        (given,), (told,) = self._session.get_inputs(), self._session.get_outputs()
        if (given.name, told.name, told.shape[-1]) != (INPUT, OUTPUT, len(self.labels)):
            raise ConfigError(
                f"{model} answers {told.name} of {told.shape[-1]} for {given.name}; a runtime answers {OUTPUT} "
                f"of its {len(self.labels)} labels for {INPUT}"
            )

    @classmethod
    def of(cls, unit: Shipped) -> "Runtime":
        """The runtime that was shipped as a unit."""
        return cls(unit.path(MODEL), unit.path(TOKENIZER), unit.path(LABELS))

    @classmethod
    def below(cls, folder: Path) -> "Runtime":
        """The runtime whose files are in a folder."""
        return cls(folder / MODEL, folder / TOKENIZER, folder / LABELS)

    def tokens(self, text: str) -> int:
        """The number of tokens of a text, at least one."""
        return len(self._ids(text))

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability of every label for every text: (texts, labels).

        Raises:
            ConfigError: One is not a number; the likeliest label would be the first one, whatever was asked.
        """
        found = np.empty((len(texts), len(self.labels)))
        for row, text in enumerate(texts):
            found[row] = self._session.run([OUTPUT], {INPUT: np.array([self._ids(text)], dtype=np.int64)})[0][0]
        if not np.isfinite(found).all():
            raise ConfigError("the runtime's probabilities are no numbers: distil it again with a lower --rate")
        return found

    def answer(self, texts: Sequence[str]) -> list[str]:
        """The likeliest label of each text."""
        return [self.labels[place] for place in self.probabilities(texts).argmax(axis=1)]

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids or [0]


def _session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except (OSError, *_REFUSALS) as error:
        raise ConfigError(f"{path} is no ONNX model that can be run: {_first_line(error)}") from error


def _tokenizer(path: Path) -> Any:
    try:
        return Tokenizer.from_str(path.read_text("utf-8"))
    except Exception as error:  # the library raises Exception itself
        raise ConfigError(f"{path} is no tokenizer: {_first_line(error)}") from error


def _labels(path: Path) -> tuple[str, ...]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[str, ...])
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path} is no list of labels: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
