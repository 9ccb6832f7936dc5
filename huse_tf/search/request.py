"""What a user asks search.py for, checked before TensorFlow starts."""

import codecs
import sys
from dataclasses import dataclass
from pathlib import Path

from huse_tf.errors import InputError

GALLERIES = (".html", ".png")
MATCHES = ("both", "vectors", "words")  # the first where nothing is said


@dataclass(frozen=True)
class Request:
    """The flags of search.py.

    Attributes:
        text: words, or None.
        image: a picture file, or None.
        k: how many products.
        kind: the vectors to search among: products, images or texts.
        csv: another catalogue, or None.
        images: the folder of its pictures, or None.
        gallery: a file for a page of pictures, or None.
        json: whether to print JSON.
        approximate: whether to search approximately.
        match: what is compared: one of MATCHES.
        queries: a file of queries, one a line, or None.
    """

    text: str | None = None
    image: str | None = None
    k: int = 10
    kind: str = "products"
    csv: str | None = None
    images: str | None = None
    gallery: str | None = None
    json: bool = False
    approximate: bool = False
    match: str = MATCHES[0]
    queries: str | None = None

    def catalogue(self) -> tuple[Path | None, Path | None]:
        """Returns the CSV and its images folder, None and None for the run's own."""
        if self.csv is None or self.images is None:
            return None, None
        return Path(self.csv), Path(self.images)


def check(request: Request, serve: bool) -> None:
    """Raises InputError where a request makes no sense."""
    if bool(request.csv) != bool(request.images):
        raise InputError("`csv` and `images` go together: name both, or neither")
    asks = request.text is not None or request.image is not None
    if serve:
        other = request.gallery or request.json or request.queries
        if asks or other or request.match != MATCHES[0]:
            raise InputError(
                "`serve` opens a page to search on: leave out `text`, `image`, "
                "`queries`, `match`, `gallery` and `json`"
            )
        return
    if request.queries is not None and (asks or request.gallery):
        raise InputError(
            "`queries` answers a file: leave out `text`, `image` and `gallery`"
        )
    if request.queries is None:
        if not asks:
            raise InputError(
                "nothing to search for: name `text` WORDS, `image` FILE or both, "
                "`queries` FILE, or `serve` for a page"
            )
        check_match(request.match, request.text, request.image)
    if request.text is not None and not request.text.strip():
        raise InputError("`text` is empty; expected words, such as 'red dress'")
    if request.image is not None and not Path(request.image).is_file():
        raise InputError(f"`image` {request.image}: no such file; expected a picture")
    if request.k < 1:
        raise InputError(f"`k`: expected a whole number >= 1, received {request.k}")
    if request.gallery and Path(request.gallery).suffix.lower() not in GALLERIES:
        raise InputError(
            f"`gallery` {request.gallery}: expected a name that ends in "
            f"{' or '.join(GALLERIES)}"
        )


def check_match(match: str, text: str | None, photo: object | None) -> None:
    """Raises InputError where a query cannot be compared in the way that is asked."""
    if match not in MATCHES:
        raise InputError(
            f"`match`: expected one of {', '.join(MATCHES)}. Received: {match!r}"
        )
    if match == "words" and (text is None or photo is not None):
        raise InputError(
            "`match` words compares words alone: expected `text` and no `image`; with "
            "a photo, take both or vectors"
        )


def read_queries(path: Path) -> list[tuple[int, str]]:
    """Reads a file of queries, one a line; says which lines are empty.

    Returns:
        The number of each line that is not empty, from 1, and its words.

    Raises:
        InputError: the file cannot be read, is not UTF-8, or holds no query.
    """
    try:
        lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).splitlines()
    except OSError as error:
        raise InputError(
            f"`queries` {path}: cannot be read ({error.strerror}); expected a text "
            "file, one query a line"
        ) from error
    queries, empty = [], []
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            raise InputError(
                f"`queries` {path}: line {number} is not UTF-8; save the file as UTF-8"
            ) from error
        if text:
            queries.append((number, text))
        else:
            empty.append(str(number))
    if not queries:
        raise InputError(
            f"`queries` {path}: no query in it; expected words, one query a line"
        )
    if empty:
        print(
            f"{path}: empty and left out: line{'s' * (len(empty) > 1)} "
            + ", ".join(empty),
            file=sys.stderr,
        )
    return queries
