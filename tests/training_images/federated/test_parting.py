# SPDX-License-Identifier: Apache-2.0
"""Rows of one person stay together, and a member's file is its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.training_images.federated.consortium_fixture import rows

from training_images.federated import parting, results
from training_images.federated.parting import Rows
from training_images.federated.sources import Column, Table
from training_images.job.errors import ConfigError


def table(people=200):
    owner = np.repeat(np.arange(people), 3)
    return Table(
        name="made-up",
        origin="made up",
        columns=(Column(name="x"),),
        names=("x",),
        features=np.linspace(0, 1, len(owner))[:, None],
        outcome=(np.arange(len(owner)) % 2).astype(float),
        site=owner % 2,
        sites=("east", "west"),
        person=tuple(str(one) for one in owner),
        item=tuple(f"{one}-{place}" for place, one in enumerate(owner)),
    )


@settings(max_examples=15)
@given(seed=st.integers(0, 100))
def test_no_person_is_on_both_sides(seed):
    for one in parting.split_by_site(table(), seed):
        assert not set(one.part(test=True).person) & set(one.part(test=False).person)


def test_about_the_stated_share_are_test_persons_and_another_seed_chooses_others():
    first, second = (np.concatenate([one.test for one in parting.split_by_site(table(2000), seed)]) for seed in (0, 1))
    assert abs(first.mean() - parting.TEST_SHARE) < 0.03
    assert (first != second).any()


def test_added_rows_move_no_person_to_the_other_side():
    few, many = parting.split_by_site(table(100), 0)[0], parting.split_by_site(table(200), 0)[0]
    is_test = dict(zip(many.person, many.test, strict=True))
    assert all(is_test[person] == side for person, side in zip(few.person, few.test, strict=True))


def test_names_do_not_leave_the_member():
    one = parting.split_by_site(table(), 0)[0]
    assert not set(one.person) & set(table().person)
    assert len(set(one.item)) == len(one.item)


def test_rows_that_were_written_are_read_back_and_only_their_owner_may_read_them(tmp_path):
    path = tmp_path / "ada" / "rows.npz"
    parting.save_rows(rows("ada"), path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert parting.digest(parting.load_rows(path)) == parting.digest(rows("ada"))


def test_a_file_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "rows.npz"
    parting.save_rows(rows("ada"), path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read"):
        parting.load_rows(path)


def changed(**fields):
    one = rows("ada")
    return Rows(**{name: fields.get(name, getattr(one, name)) for name in Rows.__slots__})


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (changed(test=np.zeros(len(rows("ada").test), dtype=bool)), "or no test rows"),
        (changed(features=np.full_like(rows("ada").features, np.nan)), "not finite"),
        (changed(outcome=rows("ada").outcome * 2), "neither 0 nor 1"),
        (changed(test=np.arange(len(rows("ada").test)) % 2 == 0), "divide the rows by person"),
    ],
)
def test_rows_that_cannot_be_right_are_refused_with_a_reason(tmp_path, spoilt, said):
    parting.save_rows(spoilt, tmp_path / "rows.npz")
    with pytest.raises(ConfigError, match=said):
        parting.load_rows(tmp_path / "rows.npz")


def test_a_pickle_is_not_opened(tmp_path):
    path = tmp_path / "rows.npz"
    np.savez(path, **{name: np.array([{}], dtype=object) for name in Rows.__slots__})
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="does not hold a member's rows"):
        parting.load_rows(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"rows"], ids=["empty", "cut off", "text"])
def test_a_file_that_is_not_a_table_is_refused(tmp_path, content):
    path = tmp_path / "rows.npz"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="does not hold a member's rows"):
        parting.load_rows(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"result"], ids=["empty", "cut off", "text"])
def test_a_file_that_is_not_a_result_is_refused(tmp_path, content):
    (tmp_path / "result.npz").write_bytes(content)
    with pytest.raises(ConfigError, match="is not the result of a run"):
        results.read_result(tmp_path)


def test_a_file_that_is_not_there_says_how_to_make_it(tmp_path):
    with pytest.raises(ConfigError, match=r"training_images\.federated\.consortium"):
        parting.load_rows(tmp_path / "rows.npz")
