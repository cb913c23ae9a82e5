# SPDX-License-Identifier: Apache-2.0
"""A unit's page: front matter that the Hub reads, and the numbers of the manifest."""

import yaml
from huggingface_hub import ModelCard
from hypothesis import given
from hypothesis import strategies as st

from training_images.job.card import card, means
from training_images.job.result import DataSet, EvalResult, UnitResult

DIGEST = "sha256:" + "0" * 64
UNIT = {
    "name": "spiralverse/embedder-v3",
    "files": [{"path": "embedder/adapter.safetensors", "bytes": 300_000, "sha256": "0" * 64}],
    "provenance": {"job": "job-1", "source": "git+x@1", "seconds": "12.5"},
    "cost": {"training": "0.01", "currency": "USD"},
    "residency": {"datasets": [{"name": "acme/words", "digest": DIGEST, "platform": "gcp", "region": "europe-west4"}]},
}


def made(summary="Finds documents.", base="acme/minilm"):
    records = [{"item": str(number), "scores": {"ndcg": number / 2}} for number in range(3)]
    return UnitResult(
        kind="embedder",
        files=["adapter.safetensors"],
        contract={},
        quality=EvalResult(suite="canonical", digest=DIGEST, records=records),
        safety={},
        latency=None,
        datasets=[DataSet(name="acme/words", digest=DIGEST)],
        base_model=base,
        summary=summary,
        charts={"recall_at_k": b"<svg/>"},
    )


def test_the_hubs_own_library_reads_the_card_with_its_results():
    read = ModelCard(card(UNIT, made())).data
    assert read.base_model == "acme/minilm"
    (result,) = read.eval_results
    assert (result.metric_type, result.metric_value, result.dataset_revision) == ("ndcg", 0.5, DIGEST)
    assert read.model_name == "spiralverse/embedder-v3"


def test_people_find_scores_files_charts_and_where_it_comes_from():
    text = card(UNIT, made())
    assert "| quality | canonical | ndcg | 0.5000 | 3 |" in text
    assert "![recall_at_k](charts/recall_at_k.svg)" in text
    assert f"\n\n- Learned from acme/words (`{DIGEST}`), which stayed on gcp in europe-west4." in text
    assert "$" not in text


@given(st.text(max_size=60))
def test_no_name_breaks_out_of_its_place_in_the_front_matter(name):
    front = card(UNIT, made(base=name or "x")).split("---\n")[1]
    assert yaml.safe_load(front)["base_model"] == (name or "x")


def test_means_are_told_with_how_many_there_were():
    assert means([{"scores": {"a": 1, "b": 3}}, {"scores": {"a": 0}}]) == {"a": (2, 0.5), "b": (1, 3.0)}
