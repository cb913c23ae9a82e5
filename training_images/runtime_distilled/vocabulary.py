# SPDX-License-Identifier: Apache-2.0
"""Builds a student's tokenizer: frequent words of the training texts, and pieces that spell all other words.

They are chosen by counting. The library's trainers break ties in the order of a hash table, which differs between
processes, but the same job must make the same unit.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

PADDING: Final = "[PAD]"
UNKNOWN: Final = "[UNK]"
SPECIAL: Final = (PADDING, UNKNOWN)
"""Special pieces. Their ids are their positions here; the model treats id 0 as padding."""
_CONTINUATION: Final = "##"
"""Prefix of a piece that does not begin a word."""
_WORD_SHARE: Final = 0.75
"""Share of the vocabulary that is whole words."""
_MAX_PIECE: Final = 4
"""Largest number of letters of a piece."""
_LONGEST_WORD: Final = 40


def build_tokenizer(texts: Iterable[str], size: int, longest: int) -> Tokenizer:
    """Build a tokenizer of at most `size` pieces, or more if single letters need more; the same for the same texts.

    Args:
        texts: The texts to count words in.
        size: Size of the vocabulary.
        longest: Largest number of tokens of a text. A longer text keeps its end, where jailbreaks put the request.
    """
    normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    splitter = pre_tokenizers.Sequence(
        [pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Digits(individual_digits=True)]
    )
    words = Counter(word for text in texts for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)))
    pieces = {piece: index for index, piece in enumerate([*SPECIAL, *_chosen(words, size - len(SPECIAL))])}
    tokenizer = Tokenizer(models.WordPiece(pieces, unk_token=UNKNOWN, max_input_chars_per_word=_LONGEST_WORD))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, splitter
    tokenizer.enable_truncation(longest, direction="left")
    return tokenizer


def _chosen(words: Counter[str], size: int) -> list[str]:
    """Every letter, the most frequent words, and the most frequent pieces, sorted."""
    letters = {piece for letter in set("".join(words)) for piece in (letter, _CONTINUATION + letter)}
    room = max(0, size - len(letters))
    frequent_words = set(_most_frequent(words, round(room * _WORD_SHARE), letters))
    pieces: Counter[str] = Counter()
    for word, count in words.items():
        for piece in _pieces(word):
            pieces[piece] += count
    return sorted(
        letters | frequent_words | set(_most_frequent(pieces, room - len(frequent_words), letters | frequent_words))
    )


def _pieces(word: str) -> Iterator[str]:
    """All parts of a word with a few letters; those that do not begin it have the prefix."""
    for start in range(len(word)):
        for end in range(start + 2, min(len(word), start + _MAX_PIECE) + 1):
            yield word[start:end] if start == 0 else _CONTINUATION + word[start:end]


def _most_frequent(counted: Counter[str], number: int, known: Collection[str]) -> list[str]:
    """The most frequent pieces that are not in `known`; ties in alphabetical order."""
    ordered = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    return [piece for piece, _ in ordered if piece not in known][:number]
