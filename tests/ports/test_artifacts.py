"""Files from the clouds: whole, hashed, and from nowhere else."""

import hashlib

import pytest

from federation.errors import ContractError, MissingError

URI = "s3://acme-models/unit/model.bin"


@pytest.fixture
def placed(clouds):
    path = clouds / "s3/acme-models/unit/model.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    return path


def test_a_file_is_read_and_hashed(artifacts, placed):
    assert artifacts.read(URI, 100) == b"weights"
    observed = artifacts.observe(URI)
    assert (observed.sha256, observed.bytes) == (hashlib.sha256(b"weights").hexdigest(), 7)


def test_a_file_beyond_the_limit_is_refused(artifacts, placed):
    with pytest.raises(ContractError, match="larger than the 6 bytes"):
        artifacts.read(URI, 6)


def test_a_file_that_is_not_there_yet_is_missing(artifacts):
    for look in (lambda: artifacts.read(URI, 10), lambda: artifacts.observe(URI)):
        with pytest.raises(MissingError, match="nothing lies at"):
            look()


@pytest.mark.parametrize("uri", ["s3://../../etc/passwd", "file:///etc/passwd", "../../../etc/passwd", "s3:///../x"])
def test_nothing_is_read_from_outside(artifacts, uri):
    with pytest.raises(ContractError, match="outside the folders"):
        artifacts.read(uri, 10_000)
