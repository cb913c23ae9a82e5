# SPDX-License-Identifier: Apache-2.0
"""Runs a shipped runtime: from text to word pieces to probabilities, on one core, without torch.

Texts run one by one, as on a server. Activations between int8 layers are scaled by the largest value in the batch, so in
a larger batch an answer would depend on the other texts.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors
from tokenizers import Tokenizer

from training_images.job.errors import ConfigError
from training_images.job.unit_folder import ShippedUnit

KIND: Final = "runtime-distilled"
MODEL: Final = "model.onnx"
TOKENIZER: Final = "tokenizer.json"
LABELS: Final = "labels.json"
FILES: Final = (MODEL, TOKENIZER, LABELS)
INPUT: Final = "tokens"
"""(batch, length) of int64; 0 is padding."""
OUTPUT: Final = "probabilities"
"""(batch, labels) of float32."""
_ORT_ERRORS: Final = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)
"""onnxruntime's exceptions for a file or input that it cannot run; their only common base is Exception."""


class Runtime:
    """An ONNX model with its tokenizer, and the labels in the order of its outputs."""

    def __init__(self, model: Path, tokenizer: Path, labels: Path) -> None:
        """Open the three files.

        Raises:
            ConfigError: A file cannot be read, or the files do not belong together.
        """
        self._session = _session(model)
        self._tokenizer = _tokenizer(tokenizer)
        self.labels = _labels(labels)
        inputs = [value.name for value in self._session.get_inputs()]
        outputs = [(value.name, *value.shape[-1:]) for value in self._session.get_outputs()]
        if (inputs, outputs) != ([INPUT], [(OUTPUT, len(self.labels))]):
            raise ConfigError(
                f"{model} takes {inputs} and returns {outputs}; a runtime takes {INPUT} and returns {OUTPUT} "
                f"of its {len(self.labels)} labels"
            )

    @classmethod
    def of(cls, unit: ShippedUnit) -> "Runtime":
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
            ConfigError: A probability is not a number, so that every text would get the first label; or the model does
                not accept a text's tokens.
        """
        probabilities = np.empty((len(texts), len(self.labels)))
        for row, text in enumerate(texts):
            probabilities[row] = self._run(self._ids(text))
        if not np.isfinite(probabilities).all():
            raise ConfigError(
                "some of the runtime's probabilities are not numbers: distil it again with a lower --rate"
            )
        return probabilities

    def answer(self, texts: Sequence[str]) -> list[str]:
        """The likeliest label of each text."""
        return [self.labels[index] for index in self.probabilities(texts).argmax(axis=1)]

    def _run(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """The probabilities of one text."""
        try:
            (probabilities,) = self._session.run([OUTPUT], {INPUT: np.array([ids], dtype=np.int64)})
        except _ORT_ERRORS as error:
            raise ConfigError(
                f"{MODEL} does not accept {len(ids)} tokens of {TOKENIZER}; the two do not belong together: "
                f"{_first_line(error)}"
            ) from error
        return np.asarray(probabilities[0])

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids or [0]


def _session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except (OSError, *_ORT_ERRORS) as error:
        raise ConfigError(f"{path} is not an ONNX model that can be run: {_first_line(error)}") from error


def _tokenizer(path: Path) -> Any:
    try:
        return Tokenizer.from_str(path.read_text("utf-8"))
    except Exception as error:  # the library raises Exception itself
        raise ConfigError(f"{path} is not a tokenizer: {_first_line(error)}") from error


def _labels(path: Path) -> tuple[str, ...]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[str, ...])
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path} is not a list of labels: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
