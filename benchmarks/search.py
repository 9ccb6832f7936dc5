"""Search over a million vectors: exact and approximate, beside plain faiss.

    python benchmarks/search.py [--rows 1000000] [--dim 512] [--queries 100]

Vectors lie around class centres, as a trained model's do: each is a centre plus noise
in a few of the directions, scaled to length 1; queries are drawn likewise. All four
searches ask one query at a time, on the same vectors, in the same process, in turns
over several rounds; the medians count. Memory is what stays resident beside the pages
of the memory-mapped files, which the system drops when it needs them.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
from absl import app, flags

from huse_tf.search.approximate import CANDIDATES, RECALL_AT, build, overlap
from huse_tf.search.exact import nearest_rows

_ROWS = flags.DEFINE_integer("rows", 1_000_000, "vectors", lower_bound=1000)
_DIM = flags.DEFINE_integer("dim", 512, "values a vector", lower_bound=8)
_QUERIES = flags.DEFINE_integer("queries", 100, "queries", lower_bound=10)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "timings of each", lower_bound=1)
_CLASSES = flags.DEFINE_integer("classes", 500, "class centres", lower_bound=2)
_NOISE = flags.DEFINE_float("noise", 0.6, "length of the noise; a centre's is 1")
PART = 50_000
NOISE_RANK = 32  # directions in which the products of a class differ

Search = Callable[[np.ndarray], np.ndarray]


def draw(rng: np.random.Generator, space: np.random.Generator) -> Callable:
    """Returns a function from n to float32 [n, dim] unit rows."""
    dim = _DIM.value
    centres = space.normal(size=(_CLASSES.value, dim)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    ways = space.normal(size=(NOISE_RANK, dim)).astype(np.float32) / dim**0.5

    def rows(n: int) -> np.ndarray:
        drawn = rng.normal(size=(n, NOISE_RANK)).astype(np.float32)
        noise = drawn / NOISE_RANK**0.5 * _NOISE.value
        found = centres[rng.integers(0, len(centres), n)] + noise @ ways
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    return rows


def resident() -> float:
    """Memory of this process that is no file's, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(x.split()[1]) for x in lines if x.startswith("RssAnon")) / 1000


def milliseconds(search: Search, queries: np.ndarray) -> float:
    start = time.perf_counter()
    for i in range(len(queries)):
        search(queries[i : i + 1])
    return 1000 * (time.perf_counter() - start) / len(queries)


def main(_: list[str]) -> None:
    n, dim, k = _ROWS.value, _DIM.value, RECALL_AT
    rows = draw(np.random.default_rng(1), np.random.default_rng(0))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        written = np.lib.format.open_memmap(path, "w+", np.float32, (n, dim))
        for first in range(0, n, PART):
            written[first : first + PART] = rows(min(PART, n - first))
        written.flush()
        del written
        matrix = np.load(path, mmap_mode="r")
        chosen_on, queries = rows(200), rows(_QUERIES.value)

        before, start = resident(), time.perf_counter()
        ours = build(Path(folder) / "products.faiss", matrix, chosen_on)
        print(f"built in {time.perf_counter() - start:.0f} s")
        size = (Path(folder) / "products.faiss").stat().st_size / 1e6
        print(f"on disk {size:,.0f} MB, memory {resident() - before:+,.0f} MB")

        before, start = resident(), time.perf_counter()
        flat = faiss.IndexFlatIP(dim)
        flat.add(np.asarray(matrix))
        print(
            f"faiss IndexFlatIP: built in {time.perf_counter() - start:.1f} s, "
            f"memory {resident() - before:+,.0f} MB"
        )
        start = time.perf_counter()
        cells = ours.cells
        plain = faiss.IndexIVFFlat(
            faiss.IndexFlatIP(dim), dim, cells, faiss.METRIC_INNER_PRODUCT
        )
        plain.cp.niter, plain.cp.spherical = 10, True
        before = resident()
        plain.train(np.asarray(matrix[:: max(1, n // (40 * cells))]))
        plain.add(np.asarray(matrix))
        plain.nprobe = ours.probes
        print(
            f"faiss IndexIVFFlat: built in {time.perf_counter() - start:.0f} s, "
            f"memory {resident() - before:+,.0f} MB"
        )

        searches: dict[str, Search] = {
            "exact": lambda q: nearest_rows(matrix, q, k)[0],
            "faiss IndexFlatIP": lambda q: flat.search(q, k)[1],
            "approximate": lambda q: ours.search(matrix, q, k),
            "faiss IndexIVFFlat": lambda q: plain.search(q, k)[1],
        }
        times: dict[str, list[float]] = {name: [] for name in searches}
        for _round in range(_ROUNDS.value):
            for name, search in searches.items():
                times[name].append(milliseconds(search, queries))
        truth = flat.search(queries, k)[1]
        print(f"\n{n:,} x {dim}, one query at a time, nearest {k}")
        print(f"{'':<20} {'ms a query':>10}  {f'recall@{k}':>9}")
        for name, search in searches.items():
            found = np.concatenate([search(q[None]) for q in queries])
            print(
                f"{name:<20} {statistics.median(times[name]):10.2f}  "
                f"{overlap(found, truth):9.4f}"
            )
        print(
            f"\n{cells:,} cells, {ours.probes} looked at; approximate orders "
            f"{CANDIDATES * k} candidates by their exact cosines"
        )


if __name__ == "__main__":
    app.run(main)
