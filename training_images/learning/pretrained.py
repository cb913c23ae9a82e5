# SPDX-License-Identifier: Apache-2.0
"""Loads a pretrained model and tokenizer from a folder, and checks that they are complete. Their own code never runs."""

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
"""The exceptions of the libraries for files that are not a model, or not one that they can read or adapt."""
_EXAMPLES: Final = 3


def digests(base: Path) -> tuple[str, str]:
    """The digests of the weights and of the tokenizer.

    Raises:
        ConfigError: One of them is missing, or the weights are in several files.
    """
    if (base / _SHARDS).exists() and not (base / _WEIGHTS).exists():
        raise ConfigError(
            f"the weights in {base.name} are in several files, but a base model has one digest: load it and save it again "
            "with save_pretrained(FOLDER, max_shard_size='1TB')"
        )
    return digest_of_file(base / _WEIGHTS), digest_of_file(base / _TOKENIZER)


@contextmanager
def readable(base: Path, what: str) -> Iterator[None]:
    """Turn errors while a folder is read or its model is adapted into a ConfigError.

    Args:
        base: The folder.
        what: What the folder should contain, for the message.

    Raises:
        ConfigError: The folder cannot be read as that.
    """
    try:
        yield
    except _UNREADABLE as error:
        raise ConfigError(f"{base.name} is no {what} that can be read: {error}") from error


def tokenizer(base: Path) -> Any:
    """Load the tokenizer in a folder."""
    return AutoTokenizer.from_pretrained(base, local_files_only=True, trust_remote_code=False)


def model(base: Path, kind: Any, unasked: str | None = None, **arguments: Any) -> Any:
    """Load the model in a folder.

    Args:
        base: The folder.
        kind: The class of transformers that reads it.
        unasked: Prefix of the names of weights that may be missing, because nothing uses them.
        arguments: Further arguments for the class.

    Raises:
        ConfigError: Weights are missing or have another shape; the library would initialise them at random.
    """
    loaded, report = kind.from_pretrained(
        base,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,
        **arguments,
    )
    missing = sorted({*report["missing_keys"], *(name for name, *_ in report["mismatched_keys"])})
    if unasked:
        missing = [name for name in missing if not name.startswith(unasked)]
    if missing:
        raise ConfigError(
            f"{_WEIGHTS} in {base.name} lacks {len(missing)} weights of the model that its config.json describes, or has "
            f"them in another shape, such as {', '.join(missing[:_EXAMPLES])}: give the whole model as its class saves it"
        )
    return loaded
