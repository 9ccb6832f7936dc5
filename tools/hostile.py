"""Asks an exported model what nobody should ask, for as long as it is told.

    python tools/hostile.py --model runs/huse/export/1 --minutes 60 --seed 0

The model answers in a process of its own, by TF Serving's rules for bytes, without
huse_tf. Every request holds good rows too, whose answers must stay what they were when
nobody else asked. A dead process, a wrong good row, a request that takes over a minute
or memory that grows beyond the first minute's peak by more than --megabytes ends it,
with exit status 1.
"""

import argparse
import io
import json
import random
import select
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
from fuzz import first_images, mutations
from PIL.PngImagePlugin import putchunk

WORKER = Path(__file__).with_name("hostile_worker.py")
SECONDS = 60.0  # most that a request may take
WARM_SECONDS = 60.0  # after which memory may grow no more
TOLERANCE = 1e-4


def png(side: int) -> bytes:
    """A grey PNG of side x side pixels, as small as deflating makes it.

    Pillow would hold all pixels of a picture that it saves.
    """
    packed = zlib.compressobj(9)
    rows = b"".join(packed.compress(bytes(side + 1)) for _ in range(side))
    file = io.BytesIO()
    file.write(b"\x89PNG\r\n\x1a\n")
    putchunk(file, b"IHDR", side.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0]))
    putchunk(file, b"IDAT", rows + packed.flush())
    putchunk(file, b"IEND")
    return file.getvalue()


class Hostile:
    """Makes rows that should cost a server its life."""

    def __init__(self, seed: int) -> None:
        """Takes the seed of all that is drawn."""
        self._draw = random.Random(seed)
        self._mutated = mutations(first_images(), seed)
        self._huge = [png(side) for side in (5_000, 8_000, 16_000)]

    def picture(self) -> bytes:
        """One of: huge, mutated, noise, empty, a megabyte of a header's beginning."""
        match self._draw.randrange(6):
            case 0:
                return self._draw.choice(self._huge)
            case 1:
                return self._draw.randbytes(self._draw.randrange(1, 100_000))
            case 2:
                return b""
            case 3:
                return b"\xff\xd8\xff\xe1\0\2" * 200_000
            case _:
                return next(self._mutated)

    def text(self) -> bytes:
        """One of: megabytes, noise, odd Unicode, control codes, empty."""
        match self._draw.randrange(6):
            case 0:
                return self._draw.choice([b"red ", b"x", "é".encode()]) * 2_000_000
            case 1:
                return self._draw.randbytes(self._draw.randrange(1, 10_000))
            case 2:
                codes = (self._draw.randrange(1, 0xD800) for _ in range(2_000))
                return "".join(map(chr, codes)).encode()
            case 3:
                return bytes(range(256)) * 20
            case 4:
                return "\u202e\u0301\u200d\ufeff".encode() * 2_000
            case _:
                return b""

    def rows(self) -> list[tuple[bytes, bytes]]:
        """A few such rows."""
        return [
            (self.picture(), self.text()) for _ in range(self._draw.randrange(1, 6))
        ]


class Server:
    """The process that answers."""

    def __init__(self, model: Path) -> None:
        """Starts it."""
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), str(model)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, rows: list[tuple[bytes, bytes]], seconds: float = SECONDS) -> dict:
        """Returns its answer: "embedding", "valid" and its peak, "megabytes".

        Raises:
            RuntimeError: it died, or takes longer.
        """
        pipe, output = self._process.stdin, self._process.stdout
        pipe.write(len(rows).to_bytes(4, "big"))
        for part in (part for row in rows for part in row):
            pipe.write(len(part).to_bytes(4, "big") + part)
        pipe.flush()
        if not select.select([output], [], [], seconds)[0]:
            raise RuntimeError(f"no answer in {seconds:.0f} s")
        line = output.readline()
        if not line:
            raise RuntimeError(f"it died with status {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()


def attack(server: Server, seed: int, seconds: float, megabytes: int) -> str:
    """Asks until the time is over; returns a line about it.

    Raises:
        RuntimeError: the server died, hung, grew or gave a good row another answer.
    """
    hostile, draw = Hostile(seed), random.Random(seed)
    good = [(image, b"red boots") for image in first_images()[:4]]
    calm = server.ask(good, 10 * SECONDS)
    expected = np.array(calm["embedding"])
    begun, warm, requests = time.monotonic(), calm["megabytes"], 0
    slowest, peak = 0.0, warm
    while (passed := time.monotonic() - begun) < seconds:
        number = draw.randrange(len(good))
        rows = hostile.rows()
        place = draw.randrange(len(rows) + 1)
        rows.insert(place, good[number])
        asked = time.monotonic()
        answer = server.ask(rows)
        slowest = max(slowest, time.monotonic() - asked)
        requests += 1
        found = np.array(answer["embedding"])
        if not answer["valid"][place]:
            raise RuntimeError(f"request {requests}: the good row is not valid")
        difference = np.abs(found[place] - expected[number]).max()
        if not difference <= TOLERANCE:
            raise RuntimeError(f"request {requests}: a good row is off by {difference}")
        if not np.isfinite(found).all():
            raise RuntimeError(f"request {requests}: an embedding is not finite")
        peak = answer["megabytes"]
        if passed < min(WARM_SECONDS, seconds / 2):
            warm = peak
        elif peak > warm + megabytes:
            raise RuntimeError(f"request {requests}: {peak} MB, {warm} MB when warm")
    return (
        f"seed {seed}: {requests:,} requests in {passed / 60:.1f} minutes, good rows "
        f"right; slowest {slowest:.1f} s; peak {peak:,} MB, {warm:,} MB when warm"
    )


def main() -> None:
    """Attacks; exit status 1 where the model gives way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="version folder")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--megabytes", type=int, default=500, help="growth allowed")
    options = parser.parse_args()
    server = Server(options.model)
    try:
        seconds = 60 * options.minutes
        print(attack(server, options.seed, seconds, options.megabytes))
    except (RuntimeError, BrokenPipeError) as error:
        sys.exit(f"it gave way: {error}")
    finally:
        server.close()


if __name__ == "__main__":
    main()
