# SPDX-License-Identifier: Apache-2.0
"""Which pieces of words does a student know? The words of its own training texts, and pieces that spell the others.

They are chosen by counting. The library's trainers break ties in the order of a hash table, which differs in every
process, and a unit must be the same wherever it is made.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

PADDING: Final = "[PAD]"
UNKNOWN: Final = "[UNK]"
SPECIAL: Final = (PADDING, UNKNOWN)
"""Special pieces. Their ids are their positions here; the graph treats id 0 as no token."""
_INSIDE: Final = "##"
"""Prefix of a piece that does not begin a word."""
_WORDS: Final = 0.75
"""Share of the vocabulary that is whole words."""
_PIECE: Final = 4
"""Most letters of a piece."""
_LONGEST_WORD: Final = 40


def learned(texts: Iterable[str], size: int, longest: int) -> Tokenizer:
    """Build a tokenizer of at most `size` pieces (more if the letters need it), the same for the same texts.

    Args:
        texts: The texts to count words in.
        size: Size of the vocabulary.
        longest: Most tokens of a text; a longer text keeps its end, where jailbreaks put the request.
    """
    normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    splitter = pre_tokenizers.Sequence(
        [pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Digits(individual_digits=True)]
    )
    words = Counter(word for text in texts for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)))
    pieces = {piece: place for place, piece in enumerate([*SPECIAL, *_chosen(words, size - len(SPECIAL))])}
    tokenizer = Tokenizer(models.WordPiece(pieces, unk_token=UNKNOWN, max_input_chars_per_word=_LONGEST_WORD))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, splitter
    tokenizer.enable_truncation(longest, direction="left")
    return tokenizer


def _chosen(words: Counter[str], size: int) -> list[str]:
    """Every letter, the most frequent words, and the most frequent pieces, sorted."""
    letters = {form for letter in set("".join(words)) for form in (letter, _INSIDE + letter)}
    room = max(0, size - len(letters))
    whole = set(_most(words, round(room * _WORDS), letters))
    pieces: Counter[str] = Counter()
    for word, count in words.items():
        for piece in _pieces(word):
            pieces[piece] += count
    return sorted(letters | whole | set(_most(pieces, room - len(whole), letters | whole)))


def _pieces(word: str) -> Iterator[str]:
    """Every beginning of a word, and every part inside it, of a few letters."""
    for start in range(len(word)):
        for end in range(start + 2, min(len(word), start + _PIECE) + 1):
            yield word[start:end] if start == 0 else _INSIDE + word[start:end]


def _most(counted: Counter[str], number: int, known: Collection[str]) -> list[str]:
    """The most frequent pieces that are not known yet; ties in alphabetical order."""
    ordered = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    return [piece for piece, _ in ordered if piece not in known][:number]
