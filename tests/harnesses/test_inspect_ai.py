# SPDX-License-Identifier: Apache-2.0
"""Inspect asks every sample once an epoch; one of these six answers ended in an error."""

import io
import json
import tracemalloc
import zipfile

import msgspec
import pytest

from federation.errors import ContractError
from federation.harnesses.answer import File


@pytest.fixture
def log(written):
    return written("inspect_ai/sums.json")


def packed(log: File, *, without: str = "") -> File:
    """The same log as an older version's .eval."""
    document = json.loads(log.body)
    samples = document.pop("samples")
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for sample in reversed(samples):
            archive.writestr(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", json.dumps(sample))
        if without != "header.json":
            archive.writestr("header.json", json.dumps(document))
    return File(name="sums.eval", body=body.getvalue())


def test_epochs_ask_one_question_again_and_an_error_counts_as_wrong(log, rows, convert):
    scores = {item: row["scores"]["includes"] for item, row in rows(log).items()}
    assert scores == {"q1": 1, "q2": 0.5, "q3": 0.5}
    assert "1 answer ended in an error" in convert(log).notes


def test_nobody_knows_the_worst_f1_until_it_is_said(log, convert, rows):
    assert "--worst parts.f1=NUMBER" in convert(log).left_out["parts.f1"]
    assert rows(log, worst={"parts.f1": 0})["q3"]["scores"]["parts.f1"] == 0.125
    with pytest.raises(ContractError, match="'f1', which is not a metric of these results"):
        convert(log, worst={"f1": 0})


def test_partial_credit_is_half_and_no_answer_is_nothing(log, rows, bent):
    def graded(document):
        for sample, letter in zip(document["samples"], "CIPNCC", strict=True):
            sample["scores"] = {"judge": {"value": letter}}

    assert {item: row["scores"]["judge"] for item, row in rows(bent(log, graded)).items()} == {
        "q1": 0.5,
        "q2": 0.5,
        "q3": 0.75,
    }


def test_words_are_grades_in_any_case_and_letters_in_theirs(log, convert, rows, bent):
    def worded(document):
        words = ("Yes", "NO", "True", "no", "false")
        for sample, word in zip(document["samples"], words, strict=False):
            sample["scores"] = {"judge": {"value": word}}

    found = bent(log, worded)
    assert [row["scores"]["judge"] for row in rows(found).values()] == [0.5, 0, 0.5]  # q3 ended in an error
    small = bent(log, lambda document: document["samples"][0]["scores"]["includes"].update(value="c"))
    assert "includes" in convert(small, worst={"parts.f1": 0}).left_out


def test_a_metric_gets_the_name_that_a_gate_asks_for(log, convert, rows):
    assert [row["scores"] for row in rows(log, score={"safe": "includes"}).values()] == [
        {"safe": 1},
        {"safe": 0},
        {"safe": 0},
    ]  # unsafe in one epoch is unsafe
    with pytest.raises(
        ContractError, match=r"'include', which is not a metric of these results; there are 'includes', 'parts\.f1'"
    ):
        convert(log, score={"safe": "include"})


def test_metadata_says_what_samples_share(log, rows):
    found = rows(log, cluster="metadata.document", category="metadata.topic")
    assert [row["cluster"] for row in found.values()] == ["d1", "d1", "d2"]
    assert found["q1"]["category"] == "sums"


def test_a_packed_log_makes_the_same_records(log, convert):
    assert convert(packed(log)).body == convert(log).body


def test_of_a_packed_sample_only_what_is_asked_for_is_kept(log, rows, bent):
    """Six samples of 9 MB would otherwise lie in memory together."""

    def talkative(document):
        for sample in document["samples"]:
            sample["messages"] = "so " * 3_000_000

    long = packed(bent(log, talkative))
    tracemalloc.start()
    try:
        found = rows(long, cluster="metadata.document")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [row["cluster"] for row in found.values()] == ["d1", "d1", "d2"]
    assert peak < 6 * 9_000_000


@pytest.mark.parametrize(("samples", "told"), [(1, "in one sample"), (9, "in all samples")])
def test_a_small_archive_cannot_fill_the_memory(log, convert, samples, told):
    """Each sample says that it has 255 MiB, or one that it has more; nothing is unpacked to know it."""
    size = 300 * 2**20 if samples == 1 else 255 * 2**20
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps(json.loads(log.body) | {"samples": []}))
        for number in range(samples):
            archive.writestr(f"samples/{number}_epoch_1.json", "{}")
        for entry in archive.infolist()[1:]:
            entry.file_size = size
    with pytest.raises(ContractError, match=told) as refused:
        convert(File(name="bomb.eval", body=body.getvalue()))
    assert "inspect log convert bomb.eval" in refused.value.hint


def test_a_log_packed_with_zstandard_has_to_be_converted(log, convert):
    body = packed(log).body
    for place, name in ((8, b"PK\x03\x04"), (10, b"PK\x01\x02")):  # where each entry states how it is packed
        parts = body.split(name)
        body = name.join([parts[0], *(part[: place - 4] + b"\x5d\x00" + part[place - 2 :] for part in parts[1:])])
    with pytest.raises(ContractError, match="cannot read, perhaps Zstandard") as refused:
        convert(File(name="sums.eval", body=body))
    assert "inspect log convert sums.eval --to json" in refused.value.hint


@pytest.mark.parametrize("cut", [10, 400, -30])
def test_half_an_archive_is_a_damaged_one(log, convert, cut):
    with pytest.raises(ContractError, match=r"sums\.eval"):
        convert(File(name="sums.eval", body=packed(log).body[:cut]))


def test_a_run_that_did_not_end_well_is_no_result(log, convert, bent):
    with pytest.raises(ContractError, match="status is 'error'"):
        convert(bent(log, lambda document: document.update(status="error")))
    with pytest.raises(ContractError, match="invalidated samples of the run") as refused:
        convert(bent(log, lambda document: document.update(invalidated=True)))
    assert "inspect eval-retry" in refused.value.hint
    with pytest.raises(ContractError, match="5 samples of 6"):
        convert(bent(log, lambda document: document["samples"].pop()))
    with pytest.raises(ContractError, match="its run has not ended"):
        convert(packed(log, without="header.json"))


def test_two_logs_of_a_task_or_of_two_models_are_not_one_side(log, convert, bent):
    with pytest.raises(ContractError, match="both logs of the task 'sums'"):
        convert(log, msgspec.structs.replace(log, name="again.json"))
    other = bent(log, lambda document: document["eval"].update(task="products", model="another/model"))
    with pytest.raises(ContractError, match="more than one task: 'sums', 'products'"):
        convert(log, other)
    with pytest.raises(ContractError, match="from two models, 'mockllm/model' and 'another/model'"):
        convert(log, other, task=["*"])
