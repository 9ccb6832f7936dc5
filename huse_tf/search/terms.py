"""What counts as a word: from a title or a query to the terms that are compared."""

import re
import unicodedata

import Stemmer

from huse_tf.encoders.texts.stop_words import STOP_WORDS

# Scripts written without blanks, and Hangul, whose words carry their endings: kana,
# Han, Hangul, Thai, Lao, Myanmar, Khmer.
_UNSPACED = (
    "\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff\u1100-\u11ff\uac00-\ud7af"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
_RUN = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}\s]+")
_POSSESSIVE = re.compile(r"['’]s\b")


class _LettersOnly(dict):
    """A table for str.translate: letters, marks and digits stay, others part words.

    Marks stay: without its vowel signs a Hindi or Thai word would fall apart.
    """

    def __missing__(self, code: int) -> int:
        kept = unicodedata.category(chr(code))[0] in "LMN"
        self[code] = code if kept else ord(" ")
        return self[code]


_LETTERS_ONLY = _LettersOnly()


class Terms:
    """Cuts texts in any script into terms.

    Upper and lower case, full and half width are one. A term is a word between
    blanks and signs; in scripts without blanks, and in Korean, two neighbouring
    characters. Words of ASCII letters lose their English ending (Snowball's English
    stemmer, as "dresses" and "dress"), whatever their language; others stay as they
    are. A stemmer is for one thread: so is this.
    """

    def __init__(self) -> None:
        """Sets the stemmer up."""
        self._stem = Stemmer.Stemmer("english").stemWord

    def of_title(self, text: str) -> list[str]:
        """Returns the terms of a title, each as often as it occurs.

        Characters of scripts without blanks stand beside their pairs, so that a
        query of one character finds them.
        """
        terms = []
        for run, unspaced in _runs(text):
            if unspaced:
                terms += [*run, *_pairs(run)]
            else:
                terms.append(self._stemmed(run))
        return terms

    def of_query(self, text: str) -> dict[str, str]:
        """Returns the terms of a query, each once, with the words they are from.

        English words that say nothing about a product count only where there are no
        others.
        """
        terms: dict[str, str] = {}
        empty: dict[str, str] = {}
        for run, unspaced in _runs(text):
            if unspaced:
                terms |= {pair: pair for pair in _pairs(run) or [run]}
            else:
                found = empty if run in STOP_WORDS else terms
                found.setdefault(self._stemmed(run), run)
        return terms or empty

    def _stemmed(self, word: str) -> str:
        return self._stem(word) if word.isascii() and word.isalpha() else word


def _runs(text: str) -> list[tuple[str, bool]]:
    """Returns the words of a text, and whether their script has no blanks."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = _POSSESSIVE.sub("", plain).translate(_LETTERS_ONLY)
    runs = _RUN.findall(plain)
    return [(run, re.match(f"[{_UNSPACED}]", run) is not None) for run in runs]


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]
