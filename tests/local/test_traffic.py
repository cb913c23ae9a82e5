# SPDX-License-Identifier: Apache-2.0
"""What the local node serves is read from its file, or it is told that the file cannot be read."""

import pytest

from federation.core.outcome import Shift
from federation.errors import ServiceError
from federation.local.traffic import LocalTraffic


def test_a_node_whose_file_is_torn_is_a_service_that_failed_until_the_file_is_deleted(tmp_path):
    traffic = LocalTraffic(tmp_path, tmp_path / "registry")
    (tmp_path / "production.json").write_text('{"counter": 1')
    with pytest.raises(ServiceError, match=r"production\.json does not say what is served: .*; delete it"):
        traffic.serving("production")
    (tmp_path / "production.json").unlink()
    traffic.shift(Shift(channel="production", counter=2, release="v2", warm=()))
    served = traffic.serving("production")
    assert served is not None
    assert served.release == "v2"
