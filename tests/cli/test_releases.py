# SPDX-License-Identifier: Apache-2.0
"""Every release and what became of it."""


def test_the_release_that_was_left_says_so(federation, played):
    found = {line["name"]: line for line in federation("releases", "--folder", played, "--json").json}
    assert found["spiralverse-ai-federated-v1.0.0"]["state"] == "serving"
    assert found["spiralverse-ai-federated-v1.0.0"]["baseline"] is None
    assert found["spiralverse-ai-federated-v1.0.1"]["state"] == "rolled back"
    assert found["spiralverse-ai-federated-v1.0.1"]["baseline"] == "spiralverse-ai-federated-v1.0.0"
    assert all(line["published"] for line in found.values())


def test_the_table_names_each_of_them(federation, played):
    page = federation("releases", "--folder", played).out
    assert "rolled back" in page
    assert "spiralverse/embedder-v2" in page


def test_before_the_first_merge_there_is_none(federation, new_home):
    assert "tick merge" in federation("releases", "--folder", new_home).out
    assert federation("releases", "--folder", new_home, "--json").json == []
