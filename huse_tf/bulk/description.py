"""What lies in a folder of vectors: embeddings.json, and the names of the files."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import huse_tf
from huse_tf.bulk.formats import INT8_SCALE, VECTORS
from huse_tf.bulk.products import Listing
from huse_tf.encoders.base import identity_of
from huse_tf.errors import InputError
from huse_tf.features.encode import Part, share_of
from huse_tf.replacing import replaced
from huse_tf.run.differences import fact_differences
from huse_tf.run.restore import TrainedRun, weights_digest

DESCRIPTION = "embeddings.json"
FILE_ROWS = 100_000
# Facts of embeddings.json that may be others for the same vectors.
_MAY_DIFFER = ("run", "csv", "images", "huse_tf")


def stems(total: int, part: Part) -> list[str]:
    """Names the files of a share of `total` products, without their endings.

    In alphabetical order they are in the catalogue's order.
    """
    shared = share_of(total, part)
    count = -(-(shared.stop - shared.start) // FILE_ROWS)
    width = len(str(part[1]))
    return [
        f"part-{part[0]:0{width}}-of-{part[1]}-{number:05}" for number in range(count)
    ]


def files_of(numbers: np.ndarray, first: int) -> np.ndarray:
    """Says which of its share's `stems` each product lies in, int64 [P].

    Args:
        numbers: int64 [P], of products in the whole file.
        first: number of the share's first one.
    """
    return (numbers - first) // FILE_ROWS


def description(
    trained: TrainedRun,
    listing: Listing,
    format_name: str,
    dtype: str,
    parts: int,
) -> dict[str, object]:
    """Returns what embeddings.json holds.

    Args:
        trained: the run.
        listing: of the catalogue.
        format_name: of FORMATS.
        dtype: of DTYPES.
        parts: how many shares make the whole.
    """
    data, total = listing.catalog, listing.total
    with open(data.csv, "rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "run": os.path.abspath(trained.run.path),
        "huse_tf": huse_tf.__version__,
        "weights_sha256": weights_digest(trained.model),
        "encoders": {
            "image": identity_of(trained.image_encoder),
            "text": identity_of(trained.text_encoder),
        },
        "fusion_weight": trained.fusion_weight,
        "dim": trained.config.towers.embedding_dim,
        "metric": "cosine",
        "dtype": dtype,
        "scale": INT8_SCALE if dtype == "int8" else 1,
        "vectors": list(VECTORS),
        "format": format_name,
        "csv": os.path.abspath(data.csv),
        "csv_sha256": content,
        "images": os.path.abspath(data.image_root),
        "products": total,
        "parts": parts,
        "files": [
            stem for k in range(1, parts + 1) for stem in stems(total, (k, parts))
        ],
    }


def describe(folder: Path, about: Mapping[str, object]) -> None:
    """Writes embeddings.json, or compares with the one that is there.

    Raises:
        InputError: the folder's vectors are of something else.
    """
    path = folder / DESCRIPTION
    if not path.exists():
        if any(folder.glob("part-*-of-*")):
            raise InputError(
                f"`to` {folder}: holds vectors but no {DESCRIPTION}, so nobody knows "
                "of what they are; name another folder"
            )
        with replaced(path) as beside:
            beside.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")
        return
    try:
        then = json.loads(path.read_text(encoding="utf-8"))
        known = {name: v for name, v in then.items() if name not in _MAY_DIFFER}
    except (ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: cannot be read ({error}); name another folder"
        ) from error
    now = json.loads(json.dumps(about))
    differences = fact_differences(
        known, {name: v for name, v in now.items() if name not in _MAY_DIFFER}
    )
    if differences:
        raise InputError(
            f"`to` {folder}: holds vectors of something else "
            f"({'; '.join(differences)}); name another folder"
        )
