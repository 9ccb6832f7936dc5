"""Mutates catalogues, pictures and run folders until something breaks.

    python tools/fuzz.py --bytes 1000000 --seed 0

The same seed gives the same inputs. A worker process takes them; a traceback, a dead
worker, a hang or too much memory is a finding: its input is kept in --keep, by default
tests/fuzz_seeds/, with which every run starts. Needs Pillow, for the first files. Exit
status 1 where there is a finding.
"""

import argparse
import collections
import contextlib
import hashlib
import io
import json
import random
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fuzz_worker import ENDED
from PIL import Image

TESTS = Path(__file__).parents[1] / "tests"
SEEDS, RUN = TESTS / "fuzz_seeds", TESTS / "run" / "earlier_run"
START_SECONDS, INPUT_SECONDS = 180, 60
# Of 64 megapixels with alpha, which the decoder takes, about 900 are needed.
MEGABYTES = {"csv": 300, "image": 3000, "run": 1500}
HANG, DIED, MEMORY = "hang", "died", "memory"

_HEADERS = ["image,text,class", "Filename\tTitle\tCategory\tsplit", "name;image;label"]
_ROWS = [
    'a.jpg,"red, ""new""\nsecond line",cup',
    "b.jpg,café 👕 חולצה,cup<mug",
    "c.jpg\tplain\that\ttrain",
    "blue;d.jpg;hat",
    'a.jpg,5" heel,hat,',
    "../x.jpg,,",
]
_NUMBERS = [0, 1, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1]


def first_csvs() -> list[bytes]:
    """Returns small catalogues, as different programs save them."""
    files = []
    for header in _HEADERS:
        text = "\n".join([header, *_ROWS, *_ROWS[:2], ""])
        files += [text.encode(), text.replace("\n", "\r\n").encode("utf-8-sig")]
        files += [text.encode("utf-16"), text.encode("latin-1", "replace")]
    return files


def first_images() -> list[bytes]:
    """Returns small pictures of each kind that the decoder reads."""
    draw = random.Random(0)
    colour = Image.frombytes("RGB", (24, 16), draw.randbytes(24 * 16 * 3))
    smooth = colour.resize((6, 4)).resize((24, 16))
    clear = smooth.copy()
    clear.putalpha(smooth.convert("L"))
    palette, bits = smooth.quantize(8), smooth.convert("1")
    exif = Image.Exif()
    exif[0x0112] = 6
    moving = {"save_all": True, "append_images": [colour.quantize(8)] * 2}
    kinds = [
        (smooth, "JPEG", {"exif": exif}),
        (smooth, "JPEG", {"progressive": True}),
        (smooth.convert("L"), "JPEG", {}),
        (smooth.convert("CMYK"), "JPEG", {}),
        (smooth, "PNG", {}),
        (clear, "PNG", {}),
        (palette, "PNG", {"transparency": 0}),
        (bits, "PNG", {"transparency": 0}),
        (smooth.convert("I;16"), "PNG", {}),
        (palette, "GIF", {"transparency": 0, **moving}),
        (palette, "GIF", {}),
        (smooth, "BMP", {}),
        (clear, "BMP", {}),
        (palette, "BMP", {}),
        (smooth, "WEBP", {}),
        (smooth, "WEBP", {"lossless": True}),
        (clear, "WEBP", {"exif": exif}),
    ]
    files = []
    for image, kind, options in kinds:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        files.append(buffer.getvalue())
    return files


def first_run_files() -> list[bytes]:
    """Returns what a run folder holds: each file's name, a zero byte, its content."""
    held = sorted(path for path in RUN.rglob("*") if path.is_file())
    contents = {path.relative_to(RUN).as_posix(): path.read_bytes() for path in held}
    contents |= ENDED
    return [name.encode() + b"\0" + content for name, content in contents.items()]


def inputs(target: str, seed: int) -> Iterator[bytes]:
    """Yields what is kept in tests/fuzz_seeds/, then mutations without end."""
    kept = [path.read_bytes() for path in sorted(SEEDS.glob(f"{target}/*"))]
    yield from kept
    if target == "run":
        yield from run_mutations(first_run_files(), seed)
    files = first_csvs() if target == "csv" else first_images()
    yield from mutations(files + kept, seed)


def run_mutations(files: list[bytes], seed: int) -> Iterator[bytes]:
    """Yields files of a run folder with mutated content, under their names."""
    parts = [file.split(b"\0", 1) for file in files]
    contents = [content for _, content in parts]
    draw = random.Random(seed)
    for number in range(sys.maxsize):
        name, content = draw.choice(parts)
        # what follows a file's own content is drawn from all of them
        mutated = next(mutations([content, draw.choice(contents)], seed + number))
        yield name + b"\0" + mutated


def mutations(files: list[bytes], seed: int) -> Iterator[bytes]:
    """Yields mutated files without end, the same ones for the same seed."""
    draw = random.Random(seed)
    while True:
        data = bytearray(draw.choice(files))
        for _ in range(min(int(draw.expovariate(0.4)) + 1, 12)):
            _mutate(data, draw.choice(files), draw)
        yield bytes(data)


def _mutate(data: bytearray, other: bytes, draw: random.Random) -> None:
    """Changes `data` in one place."""
    # Headers are short, and most of what can go wrong is in them.
    limit = len(data) if draw.random() < 0.5 else min(len(data), 64)
    at = draw.randrange(limit + 1)
    end = min(len(data), at + int(draw.expovariate(0.1)) + 1)
    match draw.randrange(8):
        case 0 if at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        case 1:
            data[at : at + 1] = draw.randbytes(1)
        case 2:
            width, order = draw.choice([1, 2, 3, 4]), draw.choice(["big", "little"])
            number = draw.choice(_NUMBERS) % 256**width
            data[at : at + width] = number.to_bytes(width, order)
        case 3:
            del data[at:end]
        case 4:
            data[at:at] = data[at:end] * draw.randrange(1, 4)
        case 5:
            data[at:at] = draw.randbytes(draw.randrange(1, 9))
        case 6:
            place = draw.randrange(len(other) + 1)
            data[at:end] = other[place : place + end - at]
        case _ if draw.random() < 0.3:
            del data[at:]


class Worker:
    """A process that takes inputs; started anew after a finding that ends it."""

    def __init__(self, target: str) -> None:
        """Starts it."""
        script = Path(__file__).with_name("fuzz_worker.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._seconds = START_SECONDS

    def ask(self, contents: bytes) -> dict:
        """Returns its answer, or what became of it."""
        pipe = self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            pipe.write(len(contents).to_bytes(4, "big") + contents)
            pipe.flush()
        output = self._process.stdout
        if not select.select([output], [], [], self._seconds)[0]:
            return {"outcome": HANG, "detail": f"no answer in {self._seconds} s"}
        self._seconds = INPUT_SECONDS
        line = output.readline()
        if not line:
            return {"outcome": DIED, "detail": f"status {self._process.wait()}"}
        return json.loads(line)

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()


def fuzz(target: str, size: int, seed: int, keep: Path) -> int:
    """Tries inputs of `size` bytes in all, prints counts, keeps what breaks.

    Returns:
        The number of findings.
    """
    worker, limit = Worker(target), MEGABYTES[target]
    counts, done, peak = collections.Counter(), 0, 0
    start = time.monotonic()
    for contents in inputs(target, seed):
        if done >= size:
            break
        done += len(contents)
        answer = worker.ask(contents)
        peak = max(peak, answer.get("megabytes", 0))
        if answer.get("megabytes", 0) > limit:
            answer = {"outcome": MEMORY, "detail": f"{answer['megabytes']} MB"}
        counts[answer["outcome"]] += 1
        if answer["outcome"] in ("accepted", "refused"):
            continue
        name = hashlib.sha256(contents).hexdigest()[:16]
        (keep / target).mkdir(parents=True, exist_ok=True)
        (keep / target / name).write_bytes(contents)
        print(f"{target}/{name}: {answer['outcome']}: {answer['detail']}", flush=True)
        if answer["outcome"] != "failed":
            worker.close()
            worker = Worker(target)
    worker.close()
    found = counts.total() - counts["accepted"] - counts["refused"]
    print(
        f"{target}: seed {seed}, {counts.total():,} inputs, {done:,} bytes: "
        f"{counts['accepted']:,} accepted, {counts['refused']:,} refused, {found:,} "
        f"findings; peak {peak:,} MB of {limit:,}; {time.monotonic() - start:.0f} s",
        flush=True,
    )
    return found


def main() -> None:
    """Fuzzes all targets, or those named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bytes", type=int, default=1_000_000, help="of each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", choices=list(MEGABYTES), action="append")
    parser.add_argument("--keep", type=Path, default=SEEDS)
    options = parser.parse_args()
    targets = options.target or list(MEGABYTES)
    found = [fuzz(t, options.bytes, options.seed, options.keep) for t in targets]
    sys.exit(1 if any(found) else 0)


if __name__ == "__main__":
    main()
