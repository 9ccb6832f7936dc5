"""One query from the command line: encode, search, print, draw."""

import contextlib
import sys
from pathlib import Path

from huse_tf.run.restore import TrainedRun, restore_run
from huse_tf.search.answers import format_answers, to_json
from huse_tf.search.build import open_approximate, open_index
from huse_tf.search.gallery import write_gallery
from huse_tf.search.index import Index
from huse_tf.search.query import QueryEncoder, read_query_picture
from huse_tf.search.request import Request


def answer(run_dir: Path, request: Request, allow_code: bool = False) -> None:
    """Prints the nearest products and, where asked, writes a gallery.

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
    # what is printed on the way is no part of the JSON
    with contextlib.redirect_stdout(sys.stderr if request.json else sys.stdout):
        trained = restore_run(run_dir, allow_code)
        encoder = QueryEncoder(trained)
        vector = encoder.embed(request.text, picture, f"`image` {request.image}")
        index = open_searchable(trained, request)
    products = index.nearest(vector, request.k, request.kind)
    if request.json:
        query = {"text": request.text, "image": request.image, "in": request.kind}
        print(to_json(query, products))
    else:
        print(format_answers(products, index.separator))
    if request.gallery:
        write_gallery(Path(request.gallery), index, products, request.text, picture)
        print(f"\nwritten to {request.gallery}", file=sys.stderr)


def open_searchable(trained: TrainedRun, request: Request) -> Index:
    """Opens the index that a request searches, approximate where it says so."""
    index = open_index(trained, *request.catalogue())
    if request.approximate:
        open_approximate(index, request.kind)
    return index
