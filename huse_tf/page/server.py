"""Serves the page on this machine."""

import errno
import logging
from collections.abc import Callable
from pathlib import Path

from huse_tf.errors import InputError
from huse_tf.extras import extra
from huse_tf.run.restore import restore_run
from huse_tf.search.answering import open_searchable
from huse_tf.search.request import Request

HOST = "127.0.0.1"  # this machine alone
THREADS = 8
CONNECTIONS = 1000  # those that send slowly wait without a thread
IDLE_SECONDS = 30


def serve(run_dir: Path, request: Request, port: int, allow_code: bool = False) -> None:
    """Serves the page until Ctrl-C.

    Args:
        run_dir: of a trained run.
        request: which catalogue, and whether approximately.
        port: 0 takes any that is free.
        allow_code: see `restore_run`.

    Raises:
        InputError: the web library is not installed, the run is not trained, or the
            port is taken.
    """
    with extra("page", "the page"):
        import waitress  # noqa: F401

        from huse_tf.page.app import make_app
    from huse_tf.page.explorer import Explorer

    trained = restore_run(run_dir, allow_code)
    explorer = Explorer(trained, open_searchable(trained, request))
    # one query before anyone asks: the first builds the encoder's graph, for seconds
    explorer.search("any words", None, 1, "products", "", "both")
    app = make_app(explorer)
    server = listen(app, port)
    # a page full of pictures waits in line for a moment, which is no news
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    address = f"http://{HOST}:{server.effective_port}/"
    print(f"search on {address}  (Ctrl-C ends it)", flush=True)
    try:
        server.run()
    finally:
        server.close()


def listen(app: Callable, port: int):
    """Returns a server whose `run` answers with a WSGI application.

    A request takes a thread once it is complete: slow uploads keep nobody waiting.

    Raises:
        InputError: the port is taken.
    """
    import waitress

    try:
        return waitress.create_server(
            app,
            host=HOST,
            port=port,
            threads=THREADS,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            asyncore_use_poll=True,  # select knows 1,024 files at most
        )
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "another program listens there" if taken else error.strerror
        raise InputError(
            f"`port` {port}: {why}; name another port, or 0 for any that is free"
        ) from error
