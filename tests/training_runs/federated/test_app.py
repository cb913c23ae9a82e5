"""The bundle that carries code to members: the same bytes every time, and nobody runs another one."""

import hashlib
import io
import zipfile

import pytest
from flwr.proto.fab_pb2 import Fab, GetFabResponse

from training_images.federated.control import app_bundle, app_digest
from training_images.federated.door import enter
from training_images.federated.forwarding import Asked, RefusedError

pytestmark = pytest.mark.filterwarnings(
    "ignore:GitWildMatchPattern:DeprecationWarning"
)  # Flower's, when it packs an app
CODE = Asked(method="POST", path="/v1/fleet/get-fab", headers={}, body=b"", certificate=None)


def answer(content):
    return GetFabResponse(fab=Fab(hash_str=hashlib.sha256(content).hexdigest(), content=content)).SerializeToString()


def test_the_bundle_that_was_agreed_to_comes_in():
    enter(CODE, answer(app_bundle()), [app_digest()])


def test_any_other_bundle_stays_outside():
    with pytest.raises(RefusedError, match="none that this member agreed to run"):
        enter(CODE, answer(app_bundle() + b" "), [app_digest()])


def test_an_empty_answer_carries_no_agreed_bundle():
    with pytest.raises(RefusedError):
        enter(CODE, b"", [app_digest()])


def test_the_bundle_is_the_same_bytes_every_time_and_holds_imports_only():
    assert app_bundle() == app_bundle()
    with zipfile.ZipFile(io.BytesIO(app_bundle())) as bundle:
        code = {name: bundle.read(name).decode() for name in bundle.namelist() if name.endswith(".py")}
    assert set(code) == {f"consortium_app/{name}.py" for name in ("__init__", "client", "server")}
    assert all(len(body.splitlines()) < 8 for body in code.values())
