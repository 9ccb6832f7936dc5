"""Searches a trained run's catalogue by words, photo, or both.

Example: {program} --run_dir runs/huse --text "red summer dress" -k 10
"""

from absl import flags

from huse_tf import cli

cli.define_run_dir()
cli.define_allow_code()
_TEXT = flags.DEFINE_string("text", None, "Words to search for.")
_IMAGE = flags.DEFINE_string("image", None, "A picture file to search for.")
_K = flags.DEFINE_integer("k", 10, "How many products.")
_IN = flags.DEFINE_enum(
    "in", "products", ["products", "images", "texts"], "Vectors to search among."
)
_MATCH = flags.DEFINE_enum(
    "match",
    "both",
    ["both", "vectors", "words"],
    "Compare vectors, the words of the titles, or both.",
)
_QUERIES = flags.DEFINE_string("queries", None, "A file of queries, one a line.")
_CSV = flags.DEFINE_string("csv", None, "Search this catalogue instead of the run's.")
_IMAGES = flags.DEFINE_string("images", None, "The folder of that CSV's pictures.")
_GALLERY = flags.DEFINE_string("gallery", None, "Also a page FILE.html or FILE.png.")
_JSON = flags.DEFINE_bool("json", False, "Print JSON instead of a table.")
_APPROXIMATE = flags.DEFINE_bool("approximate", False, "By faiss, for large catalogues")
_SERVE = flags.DEFINE_bool("serve", False, "Open a local web page to search on.")
_PORT = flags.DEFINE_integer("port", 8000, "Of that page.", lower_bound=0)


def main() -> None:
    """Prints the products of each query, or serves the page."""
    from huse_tf.search.request import Request, check

    request = Request(
        _TEXT.value,
        _IMAGE.value,
        _K.value,
        _IN.value,
        _CSV.value,
        _IMAGES.value,
        _GALLERY.value,
        _JSON.value,
        _APPROXIMATE.value,
        _MATCH.value,
        _QUERIES.value,
    )
    check(request, serve=_SERVE.value)
    cli.start_tensorflow()
    if _SERVE.value:
        from huse_tf.page.server import serve

        serve(cli.run_dir(), request, _PORT.value, cli.allow_code())
    else:
        from huse_tf.search.answering import answer

        answer(cli.run_dir(), request, cli.allow_code())
