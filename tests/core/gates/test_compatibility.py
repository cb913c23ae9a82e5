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


def of(kind: str, contract: dict, api: str | None = "fusion-api-v1") -> Subject:
    return Subject(artifact=f"sha256:{kind}", kind=kind, contract=contract, api=api)


def verdicts(candidate, baseline, rule=STRICT):
    return [finding.verdict for finding in judge_compatibility(candidate, baseline, rule)]


def test_the_same_contract_fits():
    assert verdicts(unit(), BASELINE) == ["pass", "pass"]
    assert not is_contract_change(unit(), BASELINE, STRICT)


def test_a_first_release_only_has_to_state_its_contract():
    assert verdicts(unit(), None) == ["pass", "pass"]
    assert verdicts(of("embedder", {}), None) == ["fail", "pass"]


@pytest.mark.parametrize(
    ("kinds", "stated"),
    [
        (("textgen-lora", "policy-adapter"), CONTRACT),
        (("embedder",), EMBEDDER),
        (("retrieval-eval",), {"index_dimension": 768, "embedder": "sha256:old"}),
        (("runtime-distilled", "inference-benchmark"), RUNTIME),
    ],
)
def test_whatever_a_kind_has_to_state_is_missed_when_it_is_not_there(kinds, stated):
    flat = {**stated, **{f"limits.{name}": limit for name, limit in stated.get("limits", {}).items()}}
    for kind in kinds:
        assert verdicts(of(kind, stated), None) == ["pass", "pass"]
        assert set(STATED[kind]) == set(flat) - {"limits"}


@pytest.mark.parametrize("kind", STATED)
def test_every_kind_names_all_that_it_does_not_state(kind):
    contract, _ = judge_compatibility(of(kind, {}), None, MAJOR)
    assert contract.verdict == "fail"
    assert contract.items == tuple(sorted(STATED[kind]))
    assert all(field in contract.reason for field in STATED[kind])


@pytest.mark.parametrize("field", CONTRACT)
def test_every_field_of_an_adapter_must_equal_the_baselines(field):
    candidate = unit(contract={**CONTRACT, field: "other"})
    contract, api = judge_compatibility(candidate, BASELINE, STRICT)
    assert (contract.verdict, api.verdict) == ("fail", "pass")
    assert f"{field} changed from {CONTRACT[field]!r} to 'other'" in contract.reason
    assert is_contract_change(candidate, BASELINE, STRICT)


def test_another_embedder_of_the_same_dimension_is_refused():
    before = of("retrieval-eval", {"index_dimension": 768, "embedder": "sha256:old"})
    after = of("retrieval-eval", {"index_dimension": 768, "embedder": "sha256:new"})
    assert verdicts(after, before) == ["fail", "pass"]


def test_a_kind_of_the_policys_own_states_what_the_policy_lists():
    stated = {"languages": ["de", "en"], "limits": {"max_tokens": 512}}
    listed = CompatibilityRule(contract={"languages": "same set", "limits.max_tokens": "may grow"})
    before, turned = of("reranker", stated), of("reranker", {**stated, "languages": ["en", "de"]})
    assert verdicts(before, None, listed) == verdicts(turned, before, listed) == ["pass", "pass"]
    less = of("reranker", {**stated, "limits": {"max_tokens": 256}})
    assert [found.field for found in differences(less, before, listed)] == ["limits.max_tokens"]
    assert verdicts(of("reranker", {"languages": ["de"]}), None, listed) == ["fail", "pass"]


def test_a_policy_adds_to_the_contract_of_a_known_kind_and_takes_nothing_away():
    looser = CompatibilityRule(contract={"dimension": "may grow", "languages": "same set"})
    before = of("embedder", {**EMBEDDER, "languages": ["de"]})
    after = of("embedder", {**EMBEDDER, "dimension": 1024, "languages": ["de"]})
    assert [found.field for found in differences(after, before, looser)] == ["dimension"]
    assert verdicts(of("embedder", EMBEDDER), None, looser) == ["fail", "pass"]


def test_the_order_of_target_modules_means_nothing():
    candidate = unit(contract={**CONTRACT, "target_modules": ["v_proj", "q_proj"]})
    assert differences(candidate, BASELINE, STRICT) == ()


@pytest.mark.parametrize(("now", "was"), [("qv", ["q", "v"]), (["q", "v"], "qv")])
def test_a_text_is_no_set_of_its_letters(now, was):
    before, after = (
        unit(contract={**CONTRACT, "target_modules": was}),
        unit(contract={**CONTRACT, "target_modules": now}),
    )
    assert [found.field for found in differences(after, before, STRICT)] == ["target_modules"]


def test_limits_may_grow_but_not_shrink():
    before = of("runtime-distilled", RUNTIME)
    grown = of("runtime-distilled", {**RUNTIME, "limits": {"max_batch": 16, "max_tokens": 512}})
    shrunk = of("runtime-distilled", {**RUNTIME, "limits": {"max_batch": 8, "max_tokens": 256}})
    assert verdicts(grown, before) == ["pass", "pass"]
    (found,) = differences(shrunk, before, STRICT)
    assert (found.field, found.nature) == ("limits.max_tokens", "shrunk")
    assert verdicts(shrunk, before) == ["fail", "pass"]
    assert verdicts(of("embedder", {**EMBEDDER, "max_tokens": 1024}), of("embedder", EMBEDDER)) == ["pass", "pass"]


def test_what_may_not_change_at_all_does_not_shrink_either():
    (found,) = differences(of("embedder", {**EMBEDDER, "dimension": 512}), of("embedder", EMBEDDER), STRICT)
    assert found.described() == "dimension changed from 768 to 512"


def test_a_value_that_would_fill_pages_is_cut():
    longest, longer = "x" * 118, "x" * 119
    (found,) = differences(of("embedder", {**EMBEDDER, "pooling": longer}), of("embedder", EMBEDDER), STRICT)
    assert found.candidate == "'" + "x" * 119 + "..."
    (found,) = differences(of("embedder", {**EMBEDDER, "pooling": longest}), of("embedder", EMBEDDER), STRICT)
    assert found.candidate == repr(longest)


def test_a_contract_that_holds_says_what_it_was_held_against():
    first, api = judge_compatibility(unit(), None, STRICT)
    assert first.reason == "the contract of textgen-lora is stated in full; nothing serves yet"
    assert api.reason == "the API of the fused release is stated in full; nothing serves yet"
    later, _ = judge_compatibility(unit(), BASELINE, STRICT)
    assert later.reason == "the contract of textgen-lora is stated in full and fits the baseline's"


def test_a_limit_that_is_no_longer_stated_is_missing():
    gone = of("runtime-distilled", {**RUNTIME, "limits": {"max_batch": 8}})
    (found,) = differences(gone, of("runtime-distilled", RUNTIME), STRICT)
    assert found.described() == "limits.max_tokens is not stated (was 512)"


def test_true_is_not_one():
    before, after = of("embedder", {**EMBEDDER, "x": 1}), of("embedder", {**EMBEDDER, "x": True})
    assert [found.field for found in differences(after, before, STRICT)] == ["x"]


def test_true_is_not_one_within_a_list_either_and_keys_have_no_order():
    named, flagged = ({"inputs": [{"name": "ids", "padded": one}]} for one in (1, True))
    turned = {"inputs": [{"padded": 1, "name": "ids"}]}
    before = of("runtime-distilled", RUNTIME | named)
    assert verdicts(of("runtime-distilled", RUNTIME | flagged), before) == ["fail", "pass"]
    assert verdicts(of("runtime-distilled", RUNTIME | turned), before) == ["pass", "pass"]
    unordered = CompatibilityRule(contract={"inputs": "same set"})
    assert verdicts(of("gguf", turned), of("gguf", named), unordered) == ["pass", "pass"]


@pytest.mark.parametrize("empty", ["", [], {}])
def test_a_field_that_was_empty_may_stay_empty(empty):
    """A unit that states what its baseline states fits, even where both say: none."""
    before = of("embedder", EMBEDDER | {"prefixes": empty})
    assert verdicts(before, None) == ["pass", "pass"]
    assert verdicts(before, before) == ["pass", "pass"]
    assert verdicts(of("embedder", EMBEDDER), before) == ["fail", "pass"]
    filled = of("embedder", EMBEDDER | {"prefixes": ["query: "]})
    assert verdicts(before, filled) == verdicts(filled, before) == ["fail", "pass"]
    assert is_contract_change(before, filled, STRICT)


def test_what_has_to_be_stated_is_not_stated_by_an_empty_value():
    hollow = of("embedder", EMBEDDER | {"pooling": ""})
    assert verdicts(hollow, None) == verdicts(hollow, hollow) == ["fail", "pass"]


def test_a_field_named_like_a_limit_does_not_stand_in_for_the_limit():
    """Who reads the contract finds a limit of 64 where the baseline had 512."""
    shrunk = RUNTIME | {"limits": {"max_batch": 8, "max_tokens": 64}, "limits.max_tokens": 512}
    assert verdicts(of("runtime-distilled", shrunk), of("runtime-distilled", RUNTIME)) == ["fail", "pass"]


@pytest.mark.parametrize("limits", [{}, {"limits": ["see below"]}], ids=["no limits", "a list"])
def test_nor_does_it_where_there_are_no_limits_at_all(limits):
    """Who reads the contract asks for limits.max_tokens, and finds nothing."""
    rest = {name: value for name, value in RUNTIME.items() if name != "limits"}
    named = {f"limits.{name}": limit for name, limit in RUNTIME["limits"].items()}
    for before in (None, of("runtime-distilled", RUNTIME)):
        assert verdicts(of("runtime-distilled", {**rest, **limits, **named}), before) == ["fail", "pass"]


def test_a_clause_named_api_is_compared_as_any_other():
    before, after = (of("embedder", EMBEDDER | {"api": api}) for api in ("openai-v1", "openai-v2"))
    assert "fail" in verdicts(after, before)
    assert is_contract_change(after, before, STRICT)


def test_a_field_that_only_the_baseline_states_must_stay():
    before = of("embedder", {**EMBEDDER, "prefix": "query: "})
    assert verdicts(of("embedder", EMBEDDER), before) == ["fail", "pass"]
    assert verdicts(before, of("embedder", EMBEDDER)) == ["pass", "pass"]


def test_another_api_is_refused_unless_the_policy_consents_to_a_major():
    candidate = unit(api="fusion-api-v2")
    assert verdicts(candidate, BASELINE) == ["pass", "fail"]
    assert verdicts(candidate, BASELINE, MAJOR) == ["pass", "pass"]
    assert is_contract_change(candidate, BASELINE, STRICT)
    assert verdicts(unit(api=None), BASELINE, MAJOR) == ["pass", "fail"]


def test_consent_to_a_major_excuses_changes_but_nothing_missing():
    changed = unit(contract={**CONTRACT, "rank": 32})
    missing = unit(contract={**CONTRACT, "rank": None})
    assert verdicts(changed, BASELINE, MAJOR) == ["pass", "pass"]
    assert verdicts(missing, BASELINE, MAJOR) == ["fail", "pass"]


def test_unknown_and_exchanged_kinds_fail():
    assert verdicts(of("video-model", {}), None) == ["fail"]
    assert verdicts(of("embedder", EMBEDDER), BASELINE) == ["fail"]


def test_who_is_refused_reads_whether_to_state_more_or_to_ask_for_a_major():
    """With one clause missing and another changed, what is missing is to be mended first: no major excuses it."""
    changed, _ = judge_compatibility(unit(contract={**CONTRACT, "rank": 32}), BASELINE, STRICT)
    assert changed.reason.endswith("; only a policy that allows a major release lets it pass")
    both, _ = judge_compatibility(unit(contract={**CONTRACT, "rank": 32, "tokenizer": None}), BASELINE, MAJOR)
    assert both.verdict == "fail"
    assert both.reason.endswith("; state it in the manifest")


def test_a_clause_that_changed_into_something_else_has_not_shrunk():
    odd = of("runtime-distilled", {**RUNTIME, "limits": {"max_batch": "eight", "max_tokens": 512}})
    (found,) = differences(odd, of("runtime-distilled", RUNTIME), STRICT)
    assert (found.field, found.nature) == ("limits.max_batch", "changed")
