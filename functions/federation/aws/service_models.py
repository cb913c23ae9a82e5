# SPDX-License-Identifier: Apache-2.0
"""How are botocore's service descriptions loaded? They take most of the time of making a client: 3.5 MB of JSON for S3.

msgspec decodes them into plain dictionaries, in a quarter of the time and two thirds of the memory of botocore's
ordered ones. Endpoints are decoded only for the services that are asked for. Services are listed by their folders'
names alone, whereas botocore looks into each of four hundred folders.
"""

import gzip
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from botocore.loaders import Loader

_ENDPOINTS: Final = "endpoints.json"


class ServiceModels(Loader):  # type: ignore[misc] # botocore tells no types
    """botocore's loader of its own files, and of those in ~/.aws/models."""

    def __init__(self) -> None:
        super().__init__(file_loader=_Files())

    def list_available_services(self, type_name: str) -> list[str]:
        """Every service that has a folder, whatever is in it."""
        del type_name
        there = [path for path in self.search_paths if Path(path).is_dir()]
        return sorted({name for path in there for name in os.listdir(path)})  # noqa: PTH208 - 1,200 paths are slower


class _Files:
    """JSON files, compressed or not, named without their suffixes, as botocore asks for them."""

    def exists(self, file_path: str) -> bool:
        """Whether there is such a file."""
        return Path(f"{file_path}.json").is_file() or Path(f"{file_path}.json.gz").is_file()

    def load_file(self, file_path: str) -> Any | None:
        """The decoded file, or None if there is none."""
        for path, opened in ((Path(f"{file_path}.json"), bytes), (Path(f"{file_path}.json.gz"), gzip.decompress)):
            if path.is_file():
                body = opened(path.read_bytes())
                return _endpoints(body) if path.name == _ENDPOINTS else msgspec.json.decode(body)
        return None


class _Services(Mapping[str, Any]):
    """What a partition states about each service, decoded when it is asked for."""

    def __init__(self, body: msgspec.Raw) -> None:
        self._told = msgspec.json.decode(body, type=dict[str, msgspec.Raw])

    def __getitem__(self, service: str) -> Any:
        return msgspec.json.decode(self._told[service])

    def __iter__(self) -> Iterator[str]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)


def _endpoints(body: bytes) -> Any:
    """The endpoints in every partition; all decoded at once if they are written in another form than today's."""
    try:
        told = msgspec.json.decode(body, type=dict[str, list[dict[str, msgspec.Raw]] | int])
        return {key: [_partition(one) for one in of] if isinstance(of, list) else of for key, of in told.items()}
    except msgspec.ValidationError:
        return msgspec.json.decode(body)


def _partition(told: dict[str, msgspec.Raw]) -> dict[str, Any]:
    return {key: _Services(of) if key == "services" else msgspec.json.decode(of) for key, of in told.items()}
