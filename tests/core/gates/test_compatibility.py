# SPDX-License-Identifier: Apache-2.0
import pytest
from tests.core.gates.units import BASELINE, CONTRACT, unit

from federation.core.gates.compatibility import STATED, differences, is_contract_change, judge_compatibility
from federation.core.gates.evidence import Subject
from federation.core.gates.rules import CompatibilityRule

STRICT, MAJOR = CompatibilityRule(), CompatibilityRule(major=True)
RUNTIME = {
    "format": "onnx",
    "opset": 21,
    "inputs": ["ids"],
    "outputs": ["logits"],
    "limits": {"max_batch": 8, "max_tokens": 512},
}
EMBEDDER = {"dimension": 768, "pooling": "mean", "normalisation": "l2", "max_tokens": 512}


def subject(kind: str, contract: dict, api: str | None = "fusion-api-v1") -> Subject:
    return Subject(artifact=f"sha256:{kind}", kind=kind, contract=contract, api=api)


def verdicts(candidate, baseline, rule=STRICT):
    return [finding.verdict for finding in judge_compatibility(candidate, baseline, rule)]


def test_the_same_contract_fits():
    assert verdicts(unit(), BASELINE) == ["pass", "pass"]
    assert not is_contract_change(unit(), BASELINE, STRICT)


def test_a_first_release_only_has_to_state_its_contract():
    assert verdicts(unit(), None) == ["pass", "pass"]
    assert verdicts(subject("embedder", {}), None) == ["fail", "pass"]


@pytest.mark.parametrize(
    ("kinds", "stated"),
    [
        (("textgen-lora", "policy-adapter"), CONTRACT),
        (("embedder",), EMBEDDER),
        (("retrieval-eval",), {"index_dimension": 768, "embedder": "sha256:old"}),
        (("runtime-distilled", "inference-benchmark"), RUNTIME),
    ],
)
def test_every_field_that_a_kind_must_state_is_required(kinds, stated):
    flat = {**stated, **{f"limits.{name}": limit for name, limit in stated.get("limits", {}).items()}}
    for kind in kinds:
        assert verdicts(subject(kind, stated), None) == ["pass", "pass"]
        assert set(STATED[kind]) == set(flat) - {"limits"}


@pytest.mark.parametrize("kind", STATED)
def test_a_kind_s_finding_lists_every_field_that_is_missing(kind):
    contract, _ = judge_compatibility(subject(kind, {}), None, MAJOR)
    assert contract.verdict == "fail"
    assert contract.items == tuple(sorted(STATED[kind]))
    assert all(field in contract.reason for field in STATED[kind])


@pytest.mark.parametrize("field", CONTRACT)
def test_every_field_of_an_adapter_must_equal_the_baseline_s(field):
    candidate = unit(contract={**CONTRACT, field: "other"})
    contract, api = judge_compatibility(candidate, BASELINE, STRICT)
    assert (contract.verdict, api.verdict) == ("fail", "pass")
    assert f"{field} changed from {CONTRACT[field]!r} to 'other'" in contract.reason
    assert is_contract_change(candidate, BASELINE, STRICT)


def test_another_embedder_of_the_same_dimension_is_refused():
    before = subject("retrieval-eval", {"index_dimension": 768, "embedder": "sha256:old"})
    after = subject("retrieval-eval", {"index_dimension": 768, "embedder": "sha256:new"})
    assert verdicts(after, before) == ["fail", "pass"]


def test_a_custom_kind_must_state_what_the_policy_lists():
    stated = {"languages": ["de", "en"], "limits": {"max_tokens": 512}}
    rule = CompatibilityRule(contract={"languages": "same set", "limits.max_tokens": "may grow"})
    before, reordered = subject("reranker", stated), subject("reranker", {**stated, "languages": ["en", "de"]})
    assert verdicts(before, None, rule) == verdicts(reordered, before, rule) == ["pass", "pass"]
    smaller = subject("reranker", {**stated, "limits": {"max_tokens": 256}})
    assert [difference.field for difference in differences(smaller, before, rule)] == ["limits.max_tokens"]
    assert verdicts(subject("reranker", {"languages": ["de"]}), None, rule) == ["fail", "pass"]


def test_a_policy_adds_clauses_to_a_known_kind_and_removes_none():
    looser = CompatibilityRule(contract={"dimension": "may grow", "languages": "same set"})
    before = subject("embedder", {**EMBEDDER, "languages": ["de"]})
    after = subject("embedder", {**EMBEDDER, "dimension": 1024, "languages": ["de"]})
    assert [difference.field for difference in differences(after, before, looser)] == ["dimension"]
    assert verdicts(subject("embedder", EMBEDDER), None, looser) == ["fail", "pass"]


def test_the_order_of_target_modules_does_not_matter():
    candidate = unit(contract={**CONTRACT, "target_modules": ["v_proj", "q_proj"]})
    assert differences(candidate, BASELINE, STRICT) == ()


@pytest.mark.parametrize(("now", "was"), [("qv", ["q", "v"]), (["q", "v"], "qv")])
def test_a_string_is_not_compared_as_a_set_of_its_letters(now, was):
    before, after = (
        unit(contract={**CONTRACT, "target_modules": was}),
        unit(contract={**CONTRACT, "target_modules": now}),
    )
    assert [difference.field for difference in differences(after, before, STRICT)] == ["target_modules"]


def test_limits_may_grow_but_not_shrink():
    before = subject("runtime-distilled", RUNTIME)
    grown = subject("runtime-distilled", {**RUNTIME, "limits": {"max_batch": 16, "max_tokens": 512}})
    shrunk = subject("runtime-distilled", {**RUNTIME, "limits": {"max_batch": 8, "max_tokens": 256}})
    assert verdicts(grown, before) == ["pass", "pass"]
    (difference,) = differences(shrunk, before, STRICT)
    assert (difference.field, difference.nature) == ("limits.max_tokens", "shrunk")
    assert verdicts(shrunk, before) == ["fail", "pass"]
    assert verdicts(subject("embedder", {**EMBEDDER, "max_tokens": 1024}), subject("embedder", EMBEDDER)) == [
        "pass",
        "pass",
    ]


def test_a_field_that_may_not_change_is_reported_as_changed_not_as_shrunk():
    (difference,) = differences(
        subject("embedder", {**EMBEDDER, "dimension": 512}), subject("embedder", EMBEDDER), STRICT
    )
    assert difference.described() == "dimension changed from 768 to 512"


def test_a_long_value_is_cut_in_the_description():
    longest, longer = "x" * 118, "x" * 119
    (difference,) = differences(
        subject("embedder", {**EMBEDDER, "pooling": longer}), subject("embedder", EMBEDDER), STRICT
    )
    assert difference.candidate == "'" + "x" * 119 + "..."
    (difference,) = differences(
        subject("embedder", {**EMBEDDER, "pooling": longest}), subject("embedder", EMBEDDER), STRICT
    )
    assert difference.candidate == repr(longest)


def test_a_passing_contract_names_what_it_was_compared_with():
    first, api = judge_compatibility(unit(), None, STRICT)
    assert first.reason == "the contract of textgen-lora is stated in full; nothing serves yet"
    assert api.reason == "the API of the fused release is stated in full; nothing serves yet"
    later, _ = judge_compatibility(unit(), BASELINE, STRICT)
    assert later.reason == "the contract of textgen-lora is stated in full and fits the baseline's"


def test_a_limit_that_is_no_longer_stated_is_missing():
    reduced = subject("runtime-distilled", {**RUNTIME, "limits": {"max_batch": 8}})
    (difference,) = differences(reduced, subject("runtime-distilled", RUNTIME), STRICT)
    assert difference.described() == "limits.max_tokens is not stated (was 512)"


def test_true_is_not_equal_to_one():
    before, after = subject("embedder", {**EMBEDDER, "x": 1}), subject("embedder", {**EMBEDDER, "x": True})
    assert [difference.field for difference in differences(after, before, STRICT)] == ["x"]


def test_true_is_not_one_inside_a_list_and_key_order_does_not_matter():
    numbers, booleans = ({"inputs": [{"name": "ids", "padded": value}]} for value in (1, True))
    reordered = {"inputs": [{"padded": 1, "name": "ids"}]}
    before = subject("runtime-distilled", RUNTIME | numbers)
    assert verdicts(subject("runtime-distilled", RUNTIME | booleans), before) == ["fail", "pass"]
    assert verdicts(subject("runtime-distilled", RUNTIME | reordered), before) == ["pass", "pass"]
    unordered = CompatibilityRule(contract={"inputs": "same set"})
    assert verdicts(subject("gguf", reordered), subject("gguf", numbers), unordered) == ["pass", "pass"]


@pytest.mark.parametrize("empty", ["", [], {}])
def test_a_field_that_was_empty_may_stay_empty(empty):
    """A unit that states what its baseline states fits, even where both say: none."""
    before = subject("embedder", EMBEDDER | {"prefixes": empty})
    assert verdicts(before, None) == ["pass", "pass"]
    assert verdicts(before, before) == ["pass", "pass"]
    assert verdicts(subject("embedder", EMBEDDER), before) == ["fail", "pass"]
    filled = subject("embedder", EMBEDDER | {"prefixes": ["query: "]})
    assert verdicts(before, filled) == verdicts(filled, before) == ["fail", "pass"]
    assert is_contract_change(before, filled, STRICT)


def test_an_empty_value_does_not_count_as_a_stated_field():
    hollow = subject("embedder", EMBEDDER | {"pooling": ""})
    assert verdicts(hollow, None) == verdicts(hollow, hollow) == ["fail", "pass"]


def test_a_field_named_like_a_limit_does_not_replace_the_limit():
    """Who reads the contract finds a limit of 64 where the baseline had 512."""
    shrunk = RUNTIME | {"limits": {"max_batch": 8, "max_tokens": 64}, "limits.max_tokens": 512}
    assert verdicts(subject("runtime-distilled", shrunk), subject("runtime-distilled", RUNTIME)) == ["fail", "pass"]


@pytest.mark.parametrize("limits", [{}, {"limits": ["see below"]}], ids=["no limits", "a list"])
def test_a_field_named_like_a_limit_does_not_help_where_no_limits_are_stated(limits):
    """Who reads the contract asks for limits.max_tokens, and finds nothing."""
    rest = {name: value for name, value in RUNTIME.items() if name != "limits"}
    named = {f"limits.{name}": limit for name, limit in RUNTIME["limits"].items()}
    for before in (None, subject("runtime-distilled", RUNTIME)):
        assert verdicts(subject("runtime-distilled", {**rest, **limits, **named}), before) == ["fail", "pass"]


def test_a_clause_named_api_is_compared_like_any_other():
    before, after = (subject("embedder", EMBEDDER | {"api": api}) for api in ("openai-v1", "openai-v2"))
    assert "fail" in verdicts(after, before)
    assert is_contract_change(after, before, STRICT)


def test_a_field_that_only_the_baseline_states_must_stay():
    before = subject("embedder", {**EMBEDDER, "prefix": "query: "})
    assert verdicts(subject("embedder", EMBEDDER), before) == ["fail", "pass"]
    assert verdicts(before, subject("embedder", EMBEDDER)) == ["pass", "pass"]


def test_an_api_change_is_refused_unless_the_policy_allows_a_major_release():
    candidate = unit(api="fusion-api-v2")
    assert verdicts(candidate, BASELINE) == ["pass", "fail"]
    assert verdicts(candidate, BASELINE, MAJOR) == ["pass", "pass"]
    assert is_contract_change(candidate, BASELINE, STRICT)
    assert verdicts(unit(api=None), BASELINE, MAJOR) == ["pass", "fail"]


def test_a_major_release_excuses_changes_but_not_missing_fields():
    changed = unit(contract={**CONTRACT, "rank": 32})
    missing = unit(contract={**CONTRACT, "rank": None})
    assert verdicts(changed, BASELINE, MAJOR) == ["pass", "pass"]
    assert verdicts(missing, BASELINE, MAJOR) == ["fail", "pass"]


def test_an_unknown_kind_and_a_changed_kind_fail():
    assert verdicts(subject("video-model", {}), None) == ["fail"]
    assert verdicts(subject("embedder", EMBEDDER), BASELINE) == ["fail"]


def test_the_reason_says_whether_to_state_a_field_or_to_allow_a_major():
    """With one clause missing and another changed, what is missing is to be mended first: no major excuses it."""
    changed, _ = judge_compatibility(unit(contract={**CONTRACT, "rank": 32}), BASELINE, STRICT)
    assert changed.reason.endswith("; only a policy that allows a major release lets it pass")
    contract, _ = judge_compatibility(unit(contract={**CONTRACT, "rank": 32, "tokenizer": None}), BASELINE, MAJOR)
    assert contract.verdict == "fail"
    assert contract.reason.endswith("; state it in the manifest")


def test_a_limit_of_another_type_has_changed_and_not_shrunk():
    odd = subject("runtime-distilled", {**RUNTIME, "limits": {"max_batch": "eight", "max_tokens": 512}})
    (difference,) = differences(odd, subject("runtime-distilled", RUNTIME), STRICT)
    assert (difference.field, difference.nature) == ("limits.max_batch", "changed")
