"""What a user asks embed.py or predict.py for, checked before TensorFlow starts."""

from dataclasses import dataclass
from pathlib import Path

from huse_tf.bulk.tables import TABLES, import_pyarrow
from huse_tf.errors import InputError


@dataclass(frozen=True)
class Request:
    """A catalogue and where the answers about it go.

    Attributes:
        csv: the catalogue, or None for the run's own.
        images: the folder of its pictures, or None.
        to: a folder of embed.py, a file of predict.py.
    """

    csv: Path | None
    images: Path | None
    to: Path


def read_request(csv: str | None, images: str | None, to: str | None) -> Request:
    """Checks the flags that both commands have.

    Raises:
        InputError: one is missing.
    """
    if bool(csv) != bool(images):
        raise InputError("`csv` and `images` go together: name both, or neither")
    if not to:
        raise InputError("`to` is missing; expected where the answers go")
    return Request(
        Path(csv) if csv else None, Path(images) if images else None, Path(to)
    )


def check_table(to: Path) -> None:
    """Raises InputError where predict.py could not write its table."""
    if to.suffix.lower() not in TABLES:
        raise InputError(f"`to` {to}: expected a name that ends in {', '.join(TABLES)}")
    if not to.absolute().parent.is_dir():
        raise InputError(f"`to` {to}: its folder is not there; make it first")
    if to.suffix.lower() == ".parquet":
        import_pyarrow()
