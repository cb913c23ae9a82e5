# SPDX-License-Identifier: Apache-2.0
"""Which page does a page about a decision send its reader to?"""

import pytest
from tests.steps.home import home as made

from federation.cli.pages.decision import page_of_decision
from federation.cli.store.history import History
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.core.digest import canonical
from federation.core.strict_json import document
from federation.core.uri import SENTINEL
from federation.simulation.platform import shipment


@pytest.fixture
def home(tmp_path):
    found = made(tmp_path)
    yield found
    found.local.close()


def test_of_a_manifest_with_a_good_unit_and_a_bad_one_the_bad_one_is_to_be_explained(home):
    files = shipment("embedder", 2, "good", None).files
    manifest = document(files[SENTINEL])
    (good,) = manifest["units"]
    leaky = {**good, "name": "spiralverse/embedder-v3", "residency": {"raw_data_left": True, "datasets": []}}
    for path, body in {**files, SENTINEL: canonical({**manifest, "units": [good, leaky]})}.items():
        home.place(f"bucket/both/{path}", body)
    home.tell(events.ARTIFACT_COMPLETED, subject="both", artifact_uri="s3://bucket/both/")
    shelf = Shelf(home.local.ports)
    history = History(shelf)
    page = page_of_decision(shelf, history, history.last("validate"))
    assert page.why[0].startswith("spiralverse/embedder-v2 accepted. spiralverse/embedder-v3 rejected")
    assert page.next_steps == ["federation explain spiralverse/embedder-v3"]
