"""The page's addresses: what they take, what they refuse, what they return."""

import flask
from werkzeug.exceptions import HTTPException

from huse_tf.errors import InputError
from huse_tf.page.explorer import Explorer, class_tree
from huse_tf.search.index import KINDS
from huse_tf.search.request import MATCHES
from huse_tf.search.thumbnails import thumbnail

LARGEST_REQUEST = 16 * 2**20  # bytes: a photo
LARGEST_TEXT = 1_000  # characters
MOST_RESULTS = 120
PICTURE_SIDE = 320  # pixels
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' blob: data:; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def make_app(explorer: Explorer) -> flask.Flask:
    """Builds the web application.

    A product's picture is asked for by the product's number, and comes re-encoded: no
    path and no byte of a request reaches the file system.

    Args:
        explorer: answers what is asked.
    """
    app = flask.Flask("huse_tf.page", static_folder="static")
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        # another site's name must not lead to this machine's pages
        TRUSTED_HOSTS=["127.0.0.1", "localhost"],
    )
    products = len(explorer.index)
    # Traced here, once: a page of pictures asks from many threads at the same moment.
    thumbnail(b"", PICTURE_SIDE)

    @app.before_request
    def same_site() -> None:
        """Refuses what a page of another site sends in the user's name."""
        asked = flask.request.headers
        own = flask.request.host_url.rstrip("/")
        is_foreign = asked.get("Origin", own) != own  # older browsers say no more
        if is_foreign or asked.get("Sec-Fetch-Site") == "cross-site":
            flask.abort(403, "this page answers only itself")

    @app.after_request
    def protect(response: flask.Response) -> flask.Response:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException):
        return flask.jsonify(error=error.description), error.code

    @app.errorhandler(InputError)
    def wrong_input(error: InputError):
        return flask.jsonify(error=str(error)), 400

    @app.get("/")
    def page():
        return app.send_static_file("index.html")

    @app.get("/api/catalogue")
    def catalogue():
        index = explorer.index
        return {
            "name": index.csv.name,
            "products": products,
            "separator": index.separator,
            "tree": class_tree(index),
        }

    @app.post("/api/search")
    def search():
        form, sent = flask.request.form, flask.request.files.get("photo")
        text = form.get("text", "").strip()
        if len(text) > LARGEST_TEXT:
            raise InputError(f"the text is too long: {LARGEST_TEXT:,} characters fit")
        kind = form.get("kind", KINDS[0])
        if kind not in KINDS:
            raise InputError(f"kind: expected one of {', '.join(KINDS)}")
        match = form.get("match", MATCHES[0])
        k = form.get("k", 24, type=int)
        photo = None
        if sent is not None:
            with sent.stream as stream:
                photo = stream.read()
        branch = form.get("branch", "")
        k = min(max(k, 1), MOST_RESULTS)
        return explorer.search(text or None, photo, k, kind, branch, match)

    @app.get("/api/product/<int:number>")
    def product(number: int):
        known(number)
        return explorer.explain(number)

    @app.get("/picture/<int:number>")
    def picture(number: int):
        known(number)
        try:
            content = thumbnail(explorer.index.read_picture(number), PICTURE_SIDE)
        except InputError:
            content = None
        if content is None:
            flask.abort(404, "the picture is not there")
        response = flask.Response(content, mimetype="image/jpeg")
        response.cache_control.max_age = 3600
        return response

    def known(number: int) -> None:
        if number >= products:
            flask.abort(404, f"no product {number}; there are {products:,}")

    return app
