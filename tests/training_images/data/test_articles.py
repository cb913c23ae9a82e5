# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from tests.training_images.data.archives import pinned

from training_images.data.articles import Side, pair, split_documents

DOCSTRING = """Compute the {word} of a noisy {word} series.

    A longer text tells what smooth_{word} does with {word} numbers: {own}.

    Parameters
    ----------
    values : array_like
        The {word} observations.

    Examples
    --------
    >>> smooth_{word}([1, 2])
    """
WORDS = [
    first + second for first in ("ban", "kel", "mor", "tis", "vun", "zor") for second in ("ado", "emi", "ily", "oxu")
]


def docstring(word: str) -> str:
    return DOCSTRING.format(word=word, own=" ".join(f"{word}{place:b}x" for place in range(40)))


def sides(folder: Path) -> dict[str, Side]:
    members = {f"networkx/{word}.py": f'def smooth_{word}(values):\n    """{docstring(word)}"""\n' for word in WORDS}
    members["networkx/tests/ignored.py"] = 'raise ImportError("nothing is imported")\n'
    members["networkx/boom.py"] = 'raise ImportError("nothing is imported")\n'
    return dict(split_documents([pinned(folder, "networkx", members)]))


def test_a_summary_becomes_the_query_and_the_rest_the_answer_without_the_name() -> None:
    result = pair("smooth_it_all", docstring("it_all"))
    assert result is not None
    query, answer = result
    assert query == "Compute the it_all of a noisy it_all series."
    assert "smooth_it_all" not in answer
    assert query not in answer
    assert "Parameters" in answer
    assert ">>>" not in answer


def test_a_stub_makes_no_pair() -> None:
    assert pair("stub", "Return it.") is None
    assert pair("stub", "Return the number of things that are there.\n\nNothing more.") is None


def test_a_module_is_on_one_side_and_nothing_is_imported(tmp_path: Path) -> None:
    result = sides(tmp_path)
    families = [{row.cluster for row in side.documents} for side in result.values()]
    assert sum(map(len, families)) == len(set().union(*families)) == len(WORDS)


def test_every_query_has_its_document_on_its_side(tmp_path: Path) -> None:
    for side in sides(tmp_path).values():
        assert [row.label for row in side.queries] == [row.id for row in side.documents]
