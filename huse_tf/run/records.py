"""The records of metrics.jsonl, one a line."""

import json
from pathlib import Path

from huse_tf.run.small_files import not_as_expected

_KINDS = {"split": str, "step": int, "epoch": int}


def read(path: Path) -> list[tuple[str, dict]]:
    """Reads what was logged, and prints how many lines are damaged, if any.

    A machine that went down may leave a cut last line, or anything.

    Args:
        path: of metrics.jsonl.

    Returns:
        Each whole line with its end, and what it says; none without the file.
    """
    if not path.exists():
        return []
    with open(path, encoding="utf-8", errors="replace") as stream:
        lines = list(stream)
    found = [(line, record) for line in lines if (record := _record(line))]
    if len(found) < len(lines):
        print(
            f"{path}: {len(lines) - len(found):,} of {len(lines):,} lines are damaged "
            "and left out"
        )
    return found


def _record(line: str) -> dict | None:
    """Reads a line; None where it is not one that `RunFolder.log` wrote."""
    try:
        record = json.loads(line) if line.endswith("\n") else None
    except (ValueError, RecursionError):
        return None
    if not_as_expected(record, _KINDS):
        return None
    numbers = (value for name, value in record.items() if name != "split")
    return record if all(isinstance(n, int | float) for n in numbers) else None
