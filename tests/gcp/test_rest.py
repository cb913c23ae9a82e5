# SPDX-License-Identifier: Apache-2.0
"""What is no answer of the service's is shown as it is."""

import pytest

from federation.errors import ServiceError
from federation.gcp.rest import Rest


class Proxy:
    """A session behind which something else than Google answers."""

    status_code = 502
    text = "<html>\n<h1>Bad   Gateway</h1></html>"

    def request(self, *_, **__):
        return self

    def json(self):
        raise ValueError(self.text)


def test_an_answer_that_is_no_json_is_told_on_one_line():
    with pytest.raises(ServiceError, match=r"Vertex AI did not look: 502 : <html> <h1>Bad Gateway</h1></html>"):
        Rest(Proxy, "Vertex AI").ask("look", "GET", "http://127.0.0.1")
