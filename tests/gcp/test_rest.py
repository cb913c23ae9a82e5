# SPDX-License-Identifier: Apache-2.0
"""An answer that is not the service's own is shown in the error."""

import pytest

from federation.errors import ServiceError
from federation.gcp.rest import Rest


class Proxy:
    """A session in which a proxy answers in Google's place."""

    status_code = 502
    text = "<html>\n<h1>Bad   Gateway</h1></html>"

    def request(self, *_, **__):
        return self

    def json(self):
        raise ValueError(self.text)


def test_an_answer_that_is_not_json_is_shown_on_one_line():
    with pytest.raises(ServiceError, match=r"Vertex AI did not look: 502 : <html> <h1>Bad Gateway</h1></html>"):
        Rest(Proxy, "Vertex AI").ask("look", "GET", "http://127.0.0.1")
