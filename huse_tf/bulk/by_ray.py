"""The vectors of a catalogue by the workers of a Ray cluster, share by share."""

import functools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from huse_tf.bulk.description import describe, description
from huse_tf.bulk.embed import embed_share
from huse_tf.bulk.products import Listing, Share
from huse_tf.bulk.request import Request
from huse_tf.cluster import PART_ROWS, Answer, Cluster
from huse_tf.errors import InputError
from huse_tf.features.encode import ImageEncoding, Stores, TextEncoding
from huse_tf.run.restore import TrainedRun, restore_run


def embed_by_ray(
    trained: TrainedRun,
    allow_code: bool,
    request: Request,
    format_name: str,
    dtype: str | None,
    cluster: Cluster,
) -> None:
    """Writes the vectors of a catalogue, and what they are beside them.

    A share is a file, of as many products whatever the number of workers: the same
    command with more of them goes on.

    Args:
        trained: the run, whose folder all machines of the cluster see.
        allow_code: see `restore_run`.
        request: the catalogue, and the folder of the files, likewise.
        format_name: of FORMATS.
        dtype: of DTYPES; None takes the run's export.vector_dtype.
        cluster: whose workers embed.

    Raises:
        InputError: the user's input is wrong, or the cluster's.
        Interrupted: a signal came; the files that are there are whole.
    """
    dtype = dtype or trained.config.export.vector_dtype
    listing = Listing(trained.config.data, request.csv, request.images)
    parts = -(-listing.total // PART_ROWS)
    about = description(trained, listing, format_name, dtype, parts)
    folder = Path(os.path.abspath(request.to))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        describe(folder, about)
    except OSError as error:
        raise InputError(
            f"`to` {folder}: cannot be written ({error.strerror}); name a folder that "
            "you may write"
        ) from error
    run_dir = os.path.abspath(trained.run.path)
    make = functools.partial(ShareEmbedder, run_dir, allow_code, folder, about)
    shares = _shares(listing, parts)
    total = cluster.add_up(make, shares, listing.total, "Embedding")
    print(
        f"{total['embedded']:,} products are in {request.to}, files: "
        f"{total['files']:,}; rows that cannot be used, in its rejected*.csv: "
        f"{total['rejected']:,}"
    )


class ShareEmbedder:
    """What does a share: run and stores, opened once."""

    def __init__(
        self,
        run_dir: str,
        allow_code: bool,
        folder: Path,
        about: Mapping[str, object],
    ) -> None:
        """Restores the run.

        Args:
            run_dir: its folder.
            allow_code: see `restore_run`.
            folder: of the files.
            about: from `description`.
        """
        self._trained = restore_run(run_dir, allow_code)
        self._folder, self._about = folder, about
        self._stores: Stores | None = None

    def __call__(self, share: Share) -> Answer:
        """Embeds a share; returns how many products it has and what there is."""
        if self._stores is None:
            self._stores = self._open(share)
        done = embed_share(
            self._trained, share, self._folder, self._about, self._stores
        )
        return {
            "products": len(set(share.numbers.tolist())),
            "embedded": done.products,
            "files": done.files,
            "rejected": done.rejected,
        }

    def _open(self, share: Share) -> Stores:
        trained = self._trained
        features, root = trained.config.features, share.catalog.image_root
        return Stores(
            ImageEncoding(trained.image_encoder, root, features, progress=False),
            TextEncoding(trained.text_encoder, features, progress=False),
        )


def _shares(listing: Listing, parts: int) -> Iterator[Share]:
    for k in range(1, parts + 1):
        yield listing.share((k, parts))
