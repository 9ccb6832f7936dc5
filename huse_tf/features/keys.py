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
    """The positions of known keys; of a key known twice, the first.

    Args:
        keys: uint8 [N, 16].
    """

    def __init__(self, keys: np.ndarray) -> None:
        """Sorts the keys once: N log N, no Python object per key."""
        flat = sortable(keys)
        self._order = np.argsort(flat, kind="stable")
        self._sorted = flat[self._order]

    def find(self, keys: np.ndarray) -> np.ndarray:
        """Looks keys up.

        Args:
            keys: uint8 [M, 16].

        Returns:
            int64 [M], positions among the known keys, -1 where unknown.
        """
        found = np.full(len(keys), -1, np.int64)
        if len(self._sorted) == 0:
            return found
        flat = sortable(keys)
        # searching in ascending order stays in the processor's cache
        by_key = np.argsort(flat)
        wanted = flat[by_key]
        place = np.searchsorted(self._sorted, wanted)
        place = np.minimum(place, len(self._sorted) - 1)
        known = self._sorted[place] == wanted
        found[by_key[known]] = self._order[place[known]]
        return found
