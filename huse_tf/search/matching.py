"""One query to its answers: by vectors, by the titles' words, or by both joined."""

from dataclasses import dataclass, replace

import numpy as np

from huse_tf.search.index import Index, Product
from huse_tf.search.request import MATCHES
from huse_tf.search.terms import Terms
from huse_tf.search.words import ranked

DEPTH = 1000  # of either list that is joined; more where more answers are wanted
NEAR = 50  # products by vector among which a word must be rare to count


@dataclass(frozen=True)
class Query:
    """What is searched for.

    Attributes:
        vector: float32 [D], unit length: of the words, the photo or both.
        text: the words, or None.
        match: what is compared: "both", "vectors" or "words". Without words, vectors.
        understood: False where the vector says nothing, because the encoder knows
            none of the words.
    """

    vector: np.ndarray
    text: str | None = None
    match: str = MATCHES[0]
    understood: bool = True


@dataclass(frozen=True)
class Answer:
    """Products and how they were found.

    Attributes:
        products: the best first.
        match: what was compared in the end: one of MATCHES, or "nothing".
        unknown: words of the query that no title of the catalogue has.
        note: one line where the search could do only a part of what was asked.
    """

    products: list[Product]
    match: str
    unknown: tuple[str, ...] = ()
    note: str | None = None


def find(
    index: Index,
    query: Query,
    k: int,
    kind: str = "products",
    branch: str = "",
    leave_out: int | None = None,
) -> Answer:
    """Finds the products that answer a query best.

    Args:
        index: of the catalogue.
        query: what is searched for.
        k: how many, at least 1.
        kind: which of the products' vectors are compared.
        branch: a path in the class tree whose classes alone are searched; empty for
            all.
        leave_out: the number of a product that is not an answer.

    Returns:
        At most k products; by words alone only those whose titles have one.

    Raises:
        InputError: no class is in that branch.
    """
    depth = max(DEPTH, k)
    terms = Terms().of_query(query.text or "")
    unknown = tuple(word for term, word in terms.items() if term not in index.words)
    scores = index.words.scores(() if query.match == "vectors" else terms)
    scores = scores * index.allowed(branch, leave_out, kind)
    by_words, places = ranked(scores, depth)
    match, note = _possible(query, bool(len(by_words)), bool(branch))
    rows, by_vectors = by_words, np.empty(0, np.int64)
    if match in ("both", "vectors"):
        wanted = depth if match == "both" else k
        by_vectors = index.rows(query.vector, wanted, kind, branch, leave_out)
        rows = by_vectors
    if match == "both":
        rows = np.union1d(by_vectors, by_words)
        cosines = index.cosines(rows, query.vector, kind)
        known = [term for term in terms if term in index.words]
        near = np.searchsorted(rows, by_vectors[:NEAR])
        rows = rows[order(cosines, index.words.present(known, rows), near)]
    rows = rows[:k]
    products = index.products(
        rows,
        query.vector,
        kind,
        _places(rows, by_vectors, np.arange(1, len(by_vectors) + 1)),
        _places(rows, by_words, places),
    )
    return Answer(_explained(products, terms), match, unknown, note)


def order(cosines: np.ndarray, present: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Orders products by meaning and words together.

    Formula: cosine + sum over the words t that a title has of w_t / sum of w_t, where
    w_t = ln(1 + (m - n_t + 0.5) / (n_t + 0.5)) and n_t of the m products nearest by
    vector have t. What the vectors know already, such as "lamp" among lamps, is in
    nearly all of those titles and counts little; what sets them apart, such as a
    colour, decides. A title with one of a query's four rare words gets about a quarter
    of what words can add, so that meaning decides there. Of equal sums the first
    product comes first.

    Ours; for sums of scores instead of ranks: Bruch, Gai and Ingber 2023. How it was
    chosen by validation rows: docs/search.md.

    Args:
        cosines: float [n], of the query's vector and the products'.
        present: bool [T, n], whether each title has each of the query's words.
        near: int [m], positions in n of the products nearest by vector.

    Returns:
        int64 [n], positions, the best first.
    """
    have = present[:, near].sum(axis=1)
    weights = np.log1p((len(near) - have + 0.5) / (have + 0.5))
    return np.argsort(-(cosines + weights @ present / weights.sum()), kind="stable")


def _places(rows: np.ndarray, listed: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Looks up the place of each row in a list, int64 [m]; 0 where it has none."""
    known = dict(zip(listed.tolist(), places.tolist(), strict=True))
    return np.array([known.get(row, 0) for row in rows.tolist()], np.int64)


def _possible(query: Query, in_titles: bool, in_branch: bool) -> tuple[str, str | None]:
    """Returns what can be compared, and a line where that is not what was asked."""
    where = " of this class" if in_branch else ""
    no_title = f"no title{where} has any of these words"
    unread = "the text encoder knows none of these words"
    if query.match == "vectors" or query.text is None:
        if query.understood:
            return "vectors", None
        return "nothing", f"{unread}: nothing is found by meaning"
    if query.match == "words":
        if in_titles:
            return "words", None
        return "nothing", f"{no_title}: nothing is found by words"
    if in_titles and query.understood:
        return "both", None
    if in_titles:
        return "words", f"{unread}: the answers are by words alone"
    if query.understood:
        return "vectors", f"{no_title}: the answers are by meaning alone"
    return "nothing", f"{no_title}, and {unread}: nothing is found"


def _explained(products: list[Product], terms: dict[str, str]) -> list[Product]:
    """Adds which words of the query each title has."""
    cut = Terms()
    explained = []
    for product in products:
        own = set(cut.of_title(product.title))
        matched = tuple(word for term, word in terms.items() if term in own)
        explained.append(replace(product, matched=matched))
    return explained
