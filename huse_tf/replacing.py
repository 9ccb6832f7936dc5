"""Files that are whole or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Yields a path beside `target` that takes its place at the end.

    Where writing fails, `target` stays as it was.
    """
    beside = target.with_name(f"{target.name}.unfinished")
    yield beside
    os.replace(beside, target)
