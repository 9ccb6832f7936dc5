"""16-byte digests that name contents, and looking many of them up at once."""

import hashlib
from collections.abc import Iterable

import numpy as np

KEY_BYTES = 16


def digest(content: bytes) -> bytes:
    """Names a content by 16 bytes: two contents share a name with chance 2^-128."""
    return hashlib.blake2b(content, digest_size=KEY_BYTES).digest()


def text_keys(texts: Iterable[str]) -> np.ndarray:
    """Names texts by their UTF-8 bytes.

    Args:
        texts: [N] strings.

    Returns:
        uint8 [N, 16].
    """
    joined = b"".join(digest(text.encode("utf-8", "surrogatepass")) for text in texts)
    return as_keys(joined)


def text_ids(texts: Iterable[str]) -> np.ndarray:
    """Numbers texts so that equal ones, and only these, share a number.

    Args:
        texts: [N] strings.

    Returns:
        int64 [N], the first half of each text's key.
    """
    return np.ascontiguousarray(text_keys(texts).view(np.int64)[:, 0])


def as_keys(joined: bytes | bytearray) -> np.ndarray:
    """Views digests joined end to end as uint8 [N, 16]."""
    return np.frombuffer(joined, np.uint8).reshape(-1, KEY_BYTES)


def sortable(keys: np.ndarray) -> np.ndarray:
    """Views uint8 [N, 16] as N strings of bytes, which NumPy can sort and search."""
    return np.ascontiguousarray(keys).view(f"S{KEY_BYTES}").reshape(-1)


class KeyTable:
    """The positions of known keys, which may grow; of a key known twice, the first.

    Keys are held in sorted runs, each more than twice as long as the next: N keys that
    come in any number of pieces are sorted in N log N, with no Python object per key.

    Args:
        keys: uint8 [N, 16].
    """

    def __init__(self, keys: np.ndarray) -> None:
        """Sorts the first keys."""
        self._runs: list[tuple[np.ndarray, np.ndarray]] = []
        self._length = 0
        self.add(keys)

    def __len__(self) -> int:
        """How many keys are known."""
        return self._length

    def add(self, keys: np.ndarray) -> None:
        """Makes more keys known, their positions counted on.

        Args:
            keys: uint8 [M, 16].
        """
        if not len(keys):
            return
        run = _sorted(sortable(keys), self._length + np.arange(len(keys)))
        self._length += len(keys)
        while self._runs and len(self._runs[-1][0]) <= 2 * len(run[0]):
            before = self._runs.pop()
            # the earlier positions first: of equal keys they stay first
            run = _sorted(*map(np.concatenate, zip(before, run, strict=True)))
        self._runs.append(run)

    def find(self, keys: np.ndarray) -> np.ndarray:
        """Looks keys up.

        Args:
            keys: uint8 [M, 16].

        Returns:
            int64 [M], positions among the known keys, -1 where unknown.
        """
        found = np.full(len(keys), -1, np.int64)
        flat = sortable(keys)
        # searching in ascending order stays in the processor's cache
        left = np.argsort(flat)
        for known, positions in self._runs:
            wanted = flat[left]
            place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
            there = known[place] == wanted
            found[left[there]] = positions[place[there]]
            left = left[~there]
        return found


def _sorted(flat: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(flat, kind="stable")
    return flat[order], positions[order]
