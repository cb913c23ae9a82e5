# SPDX-License-Identifier: Apache-2.0
"""Files from the clouds: whole, hashed, and from nowhere else."""

import hashlib

import pytest

from federation.errors import ContractError, MissingError

PATH = "unit/model.bin"


def test_a_file_is_read_and_hashed(shelf):
    uri = shelf.place(PATH, b"weights")
    assert shelf.artifacts.read(uri, 100) == b"weights"
    observed = shelf.artifacts.observe(uri)
    assert (observed.sha256, observed.bytes) == (hashlib.sha256(b"weights").hexdigest(), 7)


def test_a_file_of_more_than_one_chunk_is_hashed_whole(shelf):
    body = bytes(range(256)) * 10_000
    observed = shelf.artifacts.observe(shelf.place(PATH, body))
    assert (observed.sha256, observed.bytes) == (hashlib.sha256(body).hexdigest(), len(body))


def test_a_file_as_long_as_the_limit_is_read_and_a_longer_one_refused(shelf):
    uri = shelf.place(PATH, b"weights")
    assert shelf.artifacts.read(uri, 7) == b"weights"
    with pytest.raises(ContractError, match="larger than the limit of 6 bytes"):
        shelf.artifacts.read(uri, 6)


def test_a_file_that_is_not_there_yet_is_missing(shelf):
    uri = shelf.place("unit/other.bin", b"").replace("unit/other.bin", PATH)
    for look in (lambda: shelf.artifacts.read(uri, 10), lambda: shelf.artifacts.observe(uri)):
        with pytest.raises(MissingError, match="there is nothing at"):
            look()


def test_a_folder_is_no_file_and_nothing_lies_below_one(shelf):
    uri = shelf.place(PATH, b"weights")
    for other in (uri.removesuffix("/model.bin"), f"{uri}/model.bin"):
        for look in (
            lambda other=other: shelf.artifacts.read(other, 10),
            lambda other=other: shelf.artifacts.observe(other),
        ):
            with pytest.raises(MissingError, match="there is nothing at"):
                look()


def test_nothing_is_read_from_outside(shelf):
    shelf.place(PATH, b"weights")
    for uri in shelf.foreign:
        for look in (lambda uri=uri: shelf.artifacts.read(uri, 10_000), lambda uri=uri: shelf.artifacts.observe(uri)):
            with pytest.raises(ContractError, match=r"outside the folders|cannot be read"):
                look()
