# SPDX-License-Identifier: Apache-2.0
"""What every error tells a person at a shell."""

import pickle
from pathlib import Path

import pytest

from federation.errors import (
    ConflictError,
    ContractError,
    FederationError,
    MissingError,
    ServiceError,
    SettingsError,
)

KINDS = (ContractError, MissingError, ConflictError, ServiceError, SettingsError)
README = (Path(__file__).resolve().parents[1] / "README.md").read_text("utf-8")


def test_every_kind_has_an_exit_code_and_a_word_of_its_own():
    assert [kind.exit_code for kind in KINDS] == [2, 3, 4, 5, 6]
    assert len({kind.code for kind in (FederationError, *KINDS)}) == len(KINDS) + 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_readme_has_its_exit_code(kind):
    assert f"\n| {kind.exit_code} | " in README.partition("| exit code |")[2].partition("\n\n")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_no_hint_promises_a_person_what_only_a_function_gets(kind):
    assert "delivered again" not in kind("it failed").hint


def test_a_document_is_to_be_mended_only_where_faults_name_its_paths():
    assert "Correct the document" in ContractError("policy.json", ("$.version: expected a number",)).hint
    assert ContractError("'x' is no time").hint == ""
    assert ContractError("two are meant", ("a", "b"), hint="write more").hint == "write more"


def test_a_case_may_say_something_else_than_its_kind_even_in_another_process():
    error = pickle.loads(pickle.dumps(MissingError("nothing is there", hint="look elsewhere")))  # noqa: S301 - own bytes
    assert (str(error), error.hint, MissingError("nothing").hint) == ("nothing is there", "look elsewhere", "")
