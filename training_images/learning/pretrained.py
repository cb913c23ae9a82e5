# SPDX-License-Identifier: Apache-2.0
"""Which model and tokenizer does a folder contain, and are they complete? Code that comes with them is never run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from transformers import AutoTokenizer

from training_images.job.digests import digest_of_file
from training_images.job.errors import ConfigError

_WEIGHTS: Final = "model.safetensors"
_SHARDS: Final = "model.safetensors.index.json"
_TOKENIZER: Final = "tokenizer.json"
_UNREADABLE: Final = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, ImportError),
    SafetensorError,
)
"""What the libraries raise for files that are not a model, or not one that they can read or adapt."""
_NAMED: Final = 3


def digests(base: Path) -> tuple[str, str]:
    """The digests of the weights and of the tokenizer.

    Raises:
        ConfigError: One of them is missing, or the weights are in several files.
    """
    if (base / _SHARDS).exists() and not (base / _WEIGHTS).exists():
        raise ConfigError(
            f"the weights in {base.name} lie in several files, and a base model has one digest: load it and save it again "
            "with save_pretrained(FOLDER, max_shard_size='1TB')"
        )
    return digest_of_file(base / _WEIGHTS), digest_of_file(base / _TOKENIZER)


@contextmanager
def readable(base: Path, what: str) -> Iterator[None]:
    """Turn any error while a folder is read and adapted into a sentence.

    Args:
        base: The folder.
        what: What it should contain.

    Raises:
        ConfigError: It does not contain that.
    """
    try:
        yield
    except _UNREADABLE as error:
        raise ConfigError(f"{base.name} is no {what} that can be read: {error}") from error


def tokenizer(base: Path) -> Any:
    """Load the tokenizer in a folder."""
    return AutoTokenizer.from_pretrained(base, local_files_only=True, trust_remote_code=False)


def model(base: Path, kind: Any, unasked: str | None = None, **how: Any) -> Any:
    """Load the model in a folder.

    Args:
        base: The folder.
        kind: The class of transformers that reads it.
        unasked: Prefixes of the names of weights that may be missing, because nothing uses them.
        how: Further arguments for the class.

    Raises:
        ConfigError: Weights are missing or have another shape; the library would fill them with random numbers.
    """
    found, told = kind.from_pretrained(
        base,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,
        **how,
    )
    drawn = sorted({*told["missing_keys"], *(name for name, *_ in told["mismatched_keys"])})
    if unasked:
        drawn = [name for name in drawn if not name.startswith(unasked)]
    if drawn:
        raise ConfigError(
            f"{_WEIGHTS} in {base.name} lacks {len(drawn)} weights of the model that its config.json describes, or has them "
            f"in another shape, such as {', '.join(drawn[:_NAMED])}: give the whole model as its own class saved it"
        )
    return found
