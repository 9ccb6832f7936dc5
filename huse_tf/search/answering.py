"""Queries from the command line: encode, search, print, draw."""

import contextlib
import sys
from pathlib import Path

from huse_tf.run.restore import TrainedRun, restore_run
from huse_tf.search.answers import format_answers, to_json
from huse_tf.search.build import open_approximate, open_index
from huse_tf.search.gallery import write_gallery
from huse_tf.search.index import Index
from huse_tf.search.matching import Answer, find
from huse_tf.search.query import QueryEncoder, read_query_picture
from huse_tf.search.request import Request, read_queries


def answer(run_dir: Path, request: Request, allow_code: bool = False) -> None:
    """Prints the products of each query and, where asked, writes a gallery.

    Args:
        run_dir: of a trained run.
        request: what is searched, and where.
        allow_code: see `restore_run`.

    Raises:
        InputError: the run is not trained, or anything of the request is wrong.
    """
    picture = None
    if request.image is not None:
        picture = read_query_picture(Path(request.image))
    queries: list[tuple[int | None, str | None]] = [(None, request.text)]
    if request.queries is not None:
        queries = list(read_queries(Path(request.queries)))
    # what is printed on the way is no part of the JSON
    with contextlib.redirect_stdout(sys.stderr if request.json else sys.stdout):
        trained = restore_run(run_dir, allow_code)
        encoder = QueryEncoder(trained)
        index = open_searchable(trained, request)
    for line, text in queries:
        name = f"`image` {request.image}"
        query = encoder.query(text, picture, request.match, name)
        found = find(index, query, request.k, request.kind)
        _print(request, line, text, found, index.separator)
    if request.gallery:
        write_gallery(Path(request.gallery), index, found.products, text, picture)
        print(f"\nwritten to {request.gallery}", file=sys.stderr)


def open_searchable(trained: TrainedRun, request: Request) -> Index:
    """Opens the index that a request searches, approximate where it says so."""
    index = open_index(trained, *request.catalogue())
    if request.approximate:
        open_approximate(index, request.kind)
    return index


def _print(
    request: Request, line: int | None, text: str | None, found: Answer, separator: str
) -> None:
    """Prints one answer; a line of a file of queries says which it is."""
    if request.json:
        query = {"text": text, "image": request.image, "in": request.kind}
        if line is not None:
            query["line"] = line
        print(to_json(query, found, one_line=line is not None), flush=True)
        return
    if line is not None:
        print(f"\n{line}: {text}")
    if found.note:
        print(found.note, file=sys.stderr, flush=True)
    if found.products:
        print(format_answers(found.products, separator), flush=True)
