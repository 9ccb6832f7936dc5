"""A catalogue of a million made-up products through every command.

    python benchmarks/grow.py [--rows 1000000] [--added 1000] [--folder DIR]

Each command runs in a process of its own, as a user would call it, and is printed with
its wall time and the most memory that was resident, pages of memory-mapped files
included. The encoders cost next to nothing (grow_encoders.py): what is measured is the
catalogue, the feature store, training, evaluation, vectors and search. Then products
are added to the CSV, and the search that adds them to the index is timed beside the one
that built it, and beside one that builds the same index anew.

A million products take 28 GB: 6 for features, 6 for an index and as many for the next
one, 6 for the embedded vectors and 4 for small files of pictures; and an hour or two on
two cores. --folder keeps all of it: what is there is not made again, and the next call
goes on.
"""

import csv
import os
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from absl import app, flags

_ROWS = flags.DEFINE_integer("rows", 1_000_000, "products", lower_bound=1000)
_ADDED = flags.DEFINE_integer("added", 1000, "products added later", lower_bound=1)
_FOLDER = flags.DEFINE_string("folder", None, "where all is kept; else it is removed")
_BATCH = flags.DEFINE_integer("batch", 1024, "products a training step", lower_bound=2)

ROOT = Path(__file__).resolve().parents[1]
SIDE = 8  # of a picture, in pixels
SIZE = 16  # that encoders take, the smallest that there is
CLASSES = 200
A_FOLDER = 1000  # pictures
COLOURS = "red blue green black white grey brown pink gold silver navy beige".split()
SETTINGS = {
    "image_encoder.name": "grow_encoders:Pictures",
    "image_encoder.size": SIZE,
    "text_encoder.name": "grow_encoders:Words",
    "class_encoder.name": "tfidf",
    "features.batch_size": 256,
    "training.validate_epochs": 1,
    "export.at_end": "no",
}


def product(number: int) -> tuple[str, str, str, bytes]:
    """Returns a product's picture's path, its title, its class and its picture."""
    draw = np.random.default_rng([7, number])
    label = int(draw.integers(CLASSES))
    colour, brand = draw.integers(len(COLOURS)), int(draw.integers(2000))
    title = f"brand{brand} {COLOURS[colour]} thing{label} no {number}"
    name = f"kind{label // 20}<thing{label}"
    # the class and the colour show, the rest is noise
    pixels = draw.integers(0, 64, (SIDE, SIDE, 3))
    pixels[: SIDE // 2] += label * 190 // CLASSES
    pixels[SIDE // 2 :, :, colour % 3] += 100
    path = f"{number // A_FOLDER}/{number}.png"
    return path, title, name, png(pixels.astype(np.uint8))


def png(pixels: np.ndarray) -> bytes:
    """Writes uint8 [h, w, 3] as a PNG."""
    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 1))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def write_products(folder: Path, first: int, last: int) -> None:
    """Adds products to the CSV and to the pictures."""
    path = folder / "catalog.csv"
    fresh = not path.exists()
    with open(path, "a", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        if fresh:
            table.writerow(("id", "image", "text", "class"))
        for number in range(first, last):
            image, title, name, content = product(number)
            picture = folder / "images" / image
            if number % A_FOLDER == 0 or number == first:
                picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_bytes(content)
            table.writerow((f"sku{number}", image, title, name))


def run(what: str, *arguments: str) -> float:
    """Runs a command, prints what it took; returns its seconds."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "huse_tf", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "benchmarks")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        sys.exit(f"{shlex.join(arguments)}: status {status}\n{output}")
    print(f"{what:<28} {seconds:9.1f} s {used.ru_maxrss / 1024:9,.0f} MB", flush=True)
    for line in output.splitlines():
        if "100%" in line or "to encode" in line or "to embed" in line:
            print(f"    {line.strip()}", flush=True)
    return seconds


def settings(folder: Path) -> Iterator[str]:
    """Yields the flags of a trainer."""
    places = {
        "data.csv": folder / "catalog.csv",
        "data.images": folder / "images",
        "features.folder": folder / "features",
    }
    for key, value in {**places, **SETTINGS}.items():
        yield from ("--set", f"{key}={value}")


def measure(folder: Path) -> None:
    """Takes all commands through the catalogue."""
    rows, added = _ROWS.value, _ADDED.value
    if not (folder / "catalog.csv").exists():
        start = time.perf_counter()
        write_products(folder, 0, rows)
        print(f"{rows:,} products made up in {time.perf_counter() - start:.0f} s")
    run_dir = ["--run_dir", str(folder / "run"), "--allow_code"]
    kept = list(settings(folder))
    run("encoded", "features", *kept)
    run("stores opened, 0 to encode", "features", *kept)
    run("trained, an epoch, evaluated", "train", *run_dir[:2], *kept, "-e", "1", "-b",
        str(_BATCH.value))  # fmt: skip
    run("training rows evaluated", "evaluate", *run_dir, "--split", "train")
    vectors = str(folder / "vectors")
    run("embedded", "embed", *run_dir, "--to", vectors, "--format", "npy")
    query = ["--text", "red thing7", "--json"]
    built = run("index built, one search", "search", *run_dir, *query)
    run("index opened, one search", "search", *run_dir, *query)
    write_products(folder, rows, rows + added)
    grown = run(f"{added:,} products added", "search", *run_dir, *query)
    shutil.rmtree(folder / "run" / "search")
    anew = run("the same built anew", "search", *run_dir, *query)
    print(f"adding took {grown / anew:.2f} of building anew ({built:.0f} s at first)")


def main(_: list[str]) -> None:
    """Measures, in a folder that stays or in one that does not."""
    if _FOLDER.value:
        folder = Path(_FOLDER.value).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        measure(folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder))


if __name__ == "__main__":
    app.run(main)
