# SPDX-License-Identifier: Apache-2.0
"""A roll-back went further back than anybody expected: the page says which newer release it passed over, and why."""

from msgspec.structs import replace

from federation.cli.pages.afterwards import after_rollback
from federation.core.channel import Channel, Entry

LEFT, NEWER, SERVING, OLDER = (f"spiralverse-ai-federated-v1.0.{number}" for number in (3, 2, 1, 0))


class Nothing:
    """A store without the release that was left."""

    def document(self, _name):
        return None


def entry(name):
    return Entry(name=name, digest=name, since="2026-11-18T05:00:00Z", units={}, numbers={}, new=[], commit="c")


def told(*warm, serving=SERVING):
    return " ".join(after_rollback(Nothing(), LEFT, {}, Channel(name="production", serving=entry(serving), warm=warm)))


def test_a_newer_release_that_does_not_answer_was_passed_over():
    assert f"{NEWER}, which is newer, does not answer its probe" in told(replace(entry(NEWER), silent=True))


def test_one_that_answers_or_is_older_or_was_left_by_nobody_is_not_spoken_of():
    assert "does not answer" not in told(entry(NEWER))
    assert "does not answer" not in told(replace(entry(OLDER), silent=True))
    assert "does not answer" not in told(replace(entry(NEWER), silent=True), serving=LEFT)
