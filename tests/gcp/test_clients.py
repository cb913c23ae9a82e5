# SPDX-License-Identifier: Apache-2.0
"""Google's libraries are imported when a client is needed, and each client is created once."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.ports.backends_gcp import PROJECT

from federation.gcp import clients

ADAPTERS = sorted(path.stem for path in Path(clients.__file__).parent.glob("*.py") if path.stem != "__init__")
HEAVY_LIBRARIES = {
    "google.auth",
    "google.api_core",
    "google.cloud.storage",
    "google.cloud.pubsub_v1",
    "grpc",
    "requests",
    "urllib3",
}


def test_importing_the_adapters_imports_none_of_googles_libraries():
    imports = "; ".join(f"import federation.gcp.{name}" for name in ADAPTERS)
    program = f"import sys; {imports}; print(sorted({HEAVY_LIBRARIES} & set(sys.modules)))"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert (process.stdout.strip(), len(ADAPTERS) > 10) == ("[]", True)


def test_a_stores_client_is_created_once_and_uses_the_emulators_variable(gcs_serving, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_serving.endpoint)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    try:
        bucket = clients.bucket("acme-somewhere")
        assert bucket is clients.bucket("acme-somewhere")
        assert bucket.client is clients.storage_client()
        assert not bucket.exists()
    finally:
        clients.storage_client().close()
        clients.storage_client.cache_clear()
        clients.bucket.cache_clear()


def test_a_session_uses_the_default_credentials(tmp_path, monkeypatch):
    """A person's application default credentials take the place of a function's."""
    path = tmp_path / "adc.json"
    path.write_text('{"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"}')
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    try:
        assert clients.session().credentials.client_id == "a"
        assert clients.session() is clients.session()
    finally:
        clients.session().close()
        clients.session.cache_clear()


def test_a_plain_session_has_no_credentials():
    try:
        assert "authorization" not in clients.plain_session().headers
        assert clients.plain_session() is clients.plain_session()
    finally:
        clients.plain_session().close()
        clients.plain_session.cache_clear()


@pytest.mark.usefixtures("pubsub_topic")
def test_the_publisher_keeps_order_and_sends_at_once(pubsub_publisher):
    assert pubsub_publisher.batch_settings.max_latency == 0
    assert pubsub_publisher.publisher_options.enable_message_ordering is True
