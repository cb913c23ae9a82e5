# SPDX-License-Identifier: Apache-2.0
"""What the server sees of one member, and what it cannot make of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training_images.federated import masking, sharing
from training_images.federated.masking import Keys, masked, opened, unmasked
from training_images.job.errors import ConfigError

NAMES = ("ada", "ben", "cem", "dot", "eve", "fay", "gus")
PRIVATE = {name: masking.private_key() for name in NAMES}
ROSTER = {name: masking.public_key(key) for name, key in PRIVATE.items()}
KEYS = {name: Keys(name=name, private=PRIVATE[name], roster=ROSTER) for name in NAMES}


def told(vectors, occasion="run/train/1", lost=()):
    return {
        name: masked(KEYS[name], vector, list(vectors), occasion)
        for name, vector in vectors.items()
        if name not in lost
    }


def helped(answers, everybody, occasion="run/train/1", silent=()):
    lost = [name for name in everybody if name not in answers]
    return {
        name: opened(
            KEYS[name],
            everybody,
            {other: answer.shares[answer.names.index(name)] for other, answer in answers.items()},
            lost,
            occasion,
        )
        for name in answers
        if name not in silent
    }


@settings(max_examples=15, deadline=None)
@given(
    members=st.integers(3, 5),
    values=st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=6),
    gone=st.integers(0, 2),
)
def test_the_sum_of_the_members_that_answered_is_exact(members, values, gone):
    names = NAMES[:members]
    lost = names[: min(gone, members - masking.enough(members))]
    vectors = {name: np.array(values) * (place + 1) for place, name in enumerate(names)}
    answers = told(vectors, lost=lost)
    summed = unmasked(answers, helped(answers, names))
    survivors = [vectors[name] for name in names if name not in lost]
    assert np.abs(summed - np.sum(survivors, axis=0)).max() <= len(survivors) * 2.0**-33 + 1e-10


def test_a_masked_vector_looks_like_noise_for_every_input():
    nothing = np.zeros(4096)
    words = np.concatenate([told(dict.fromkeys(NAMES[:3], nothing), str(n))["ada"].vector for n in range(4)])
    bits = np.unpackbits(words.view(np.uint8))
    assert abs(bits.mean() - 0.5) < 0.005
    assert len(np.unique(words)) == len(words)


def test_the_same_vector_never_looks_the_same_twice():
    vectors = {name: np.ones(8) for name in NAMES[:3]}
    assert not np.array_equal(told(vectors)["ada"].vector, told(vectors)["ada"].vector)


def test_all_vectors_together_reveal_nothing_before_the_members_open_their_seeds():
    vectors = {name: np.full(64, 5.0) for name in NAMES[:3]}
    summed = np.sum([answer.vector for answer in told(vectors).values()], axis=0).view(np.int64) / 2.0**32
    assert np.abs(summed - 15.0).min() > 1.0


def test_with_every_own_seed_known_a_single_vector_is_still_hidden_by_its_pairs():
    vectors = {name: np.full(64, 5.0) for name in NAMES[:3]}
    answers = told(vectors)
    parts = [one.shares["ada"] for one in helped(answers, NAMES[:3]).values()]
    own = masking.stream(sharing.joined(parts, 3), 64)
    assert np.abs((answers["ada"].vector - own).view(np.int64) / 2.0**32 - 5.0).min() > 1.0


def test_too_few_shares_do_not_restore_the_seed():
    secret = bytes(range(32))
    shares = sharing.split(secret, 5, 3)
    assert sharing.joined(shares[1:4], 3) == secret
    with pytest.raises(ConfigError, match="2 shares were opened and 3 are needed"):
        sharing.joined(shares[:2], 3)
    with pytest.raises(ConfigError, match="do not make a seed: one is of another seed"):
        sharing.joined([*shares[:2], (9).to_bytes(2, "big") + bytes(66)], 3)


def test_a_member_does_not_open_both_kinds_of_seed_of_one_member():
    answers = told({name: np.ones(2) for name in NAMES[:4]})
    shares = {other: answer.shares[answer.names.index("ada")] for other, answer in answers.items()}
    with pytest.raises(ConfigError, match="either there or lost"):
        opened(KEYS["ada"], NAMES[:4], shares, ["ben"], "run/train/1")


def test_a_sum_of_so_few_that_one_could_be_read_off_is_not_opened():
    answers = told({name: np.ones(2) for name in NAMES[:3]}, lost=["cem"])
    with pytest.raises(ConfigError, match="only 2 of 3 members are left"):
        helped(answers, NAMES[:3])


def test_two_members_are_too_few_for_masks():
    with pytest.raises(ConfigError, match="3 or more must take part"):
        masked(KEYS["ada"], np.ones(2), ["ada", "ben"], "run/train/1")


def test_a_member_that_the_server_invented_is_refused():
    with pytest.raises(ConfigError, match="not the members that were agreed on: mallory"):
        masked(KEYS["ada"], np.ones(2), ["ada", "ben", "mallory"], "run/train/1")


def opening(answers, name, everybody, lost):
    """What one member opens that was told of these members and these losses."""
    shares = {one: answers[one].shares[answers[one].names.index(name)] for one in everybody if one not in lost}
    return opened(KEYS[name], everybody, shares, lost, "run/train/1")


def laid_bare(names, gone, helping=0):
    """Ada's vector, if ada hears that some are lost, those that ada is there, and all others that ada is lost.

    Who helps the server gives both: its share of ada's own seed, and its pairwise one.
    """
    answers = told({name: np.full(3, 7.0) for name in names})
    believed, others = names[1 : 1 + gone], names[1 + gone :]
    hers = opening(answers, "ada", names, believed)
    there = (*believed, *others[:helping])
    own = [hers.shares["ada"], *(opening(answers, name, names, []).shares["ada"] for name in there)]
    seeds = {**hers.seeds, **{name: opening(answers, name, names, ["ada"]).seeds["ada"] for name in others}}
    left = answers["ada"].vector - masking.stream(sharing.joined(own, masking.enough(len(names))), 3)
    return (left - np.sum([masking.stream(seed, 3) for seed in seeds.values()], axis=0)).view(np.int64) / 2.0**32


MOST_LOST = [(members, members - masking.enough(members)) for members in range(4, len(NAMES) + 1)]


@pytest.mark.parametrize(("members", "gone"), MOST_LOST)
def test_a_server_that_tells_each_member_another_loss_reveals_no_vector(members, gone):
    """It did, of five and of seven, when a majority was enough."""
    with pytest.raises(ConfigError, match=r"are left; a sum of so few"):
        laid_bare(NAMES[:members], gone + 1)
    with pytest.raises(ConfigError, match=r"shares were opened and .* are needed"):
        laid_bare(NAMES[:members], gone)


@pytest.mark.parametrize(("members", "gone"), MOST_LOST)
def test_it_needs_as_many_helpers_as_stated(members, gone):
    helping = 2 * masking.enough(members) - members - 1
    with pytest.raises(ConfigError, match=r"shares were opened and .* are needed"):
        laid_bare(NAMES[:members], gone, helping - 1)
    assert laid_bare(NAMES[:members], gone, helping) == pytest.approx(7.0)


def test_a_member_with_another_list_has_other_masks_and_opens_nothing_for_them():
    """Ada thinks that three take part, where two shares would do; four are told of four, and one may be lost."""
    answers = told({name: np.full(3, 7.0) for name in NAMES[:4]})
    answers["ada"] = masked(KEYS["ada"], np.full(3, 7.0), NAMES[:3], "run/train/1")
    with pytest.raises(ConfigError, match="the share under ada's name was not made by it for ada"):
        opening(answers, "ada", NAMES[:4], ["ben"])
    with pytest.raises(ConfigError, match="the share under ada's name was not made by it for ben"):
        opening(answers, "ben", NAMES[:4], ["dot"])


def test_a_share_from_another_occasion_is_not_opened():
    answers = told({name: np.ones(2) for name in NAMES[:3]}, occasion="run/train/1")
    with pytest.raises(ConfigError, match="was not made by it"):
        helped(answers, NAMES[:3], occasion="run/train/2")


def test_a_lost_members_mask_that_one_survivor_does_not_remove_voids_the_round():
    answers = told({name: np.ones(2) for name in NAMES}, lost=["gus"])
    with pytest.raises(ConfigError, match="gus was lost, and ben did not help"):
        unmasked(answers, helped(answers, NAMES, silent=["ben"]))


def test_a_survivor_lost_afterwards_does_no_harm_if_no_other_was_lost():
    answers = told({name: np.ones(2) for name in NAMES[:4]})
    assert unmasked(answers, helped(answers, NAMES[:4], silent=["ben"])) == pytest.approx([4.0, 4.0])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e12])
def test_a_value_that_would_overflow_is_not_masked(value):
    with pytest.raises(ConfigError, match="cannot be masked"):
        masked(KEYS["ada"], np.array([value]), NAMES[:3], "run/train/1")


def test_a_sum_that_would_overflow_is_not_masked_although_each_part_would_hold():
    """Three times a billion is beyond what 31 bits before the point can say, and would come out negative."""
    with pytest.raises(ConfigError, match="cannot be masked without overflow"):
        masked(KEYS["ada"], np.array([1e9]), NAMES[:3], "run/train/1")


@settings(max_examples=25, deadline=None)
@given(members=st.integers(3, 5), sign=st.sampled_from((-1.0, 1.0)))
def test_the_greatest_values_that_are_masked_still_add_up(members, sign):
    greatest = np.nextafter(2.0 ** (63 - masking.FRACTION_BITS) / members, 0)
    vectors = {name: np.array([sign * greatest]) for name in NAMES[:members]}
    answers = told(vectors)
    assert unmasked(answers, helped(answers, NAMES[:members])) == pytest.approx([sign * members * greatest])
