"""How many of 200 labels that were exchanged at random are named as suspects.

    HUSE_REAL_DATA=DIR python benchmarks/suspects.py FOLDER [--set features.folder=F]

In the real catalogue in DIR/fashion, 200 products of any split, drawn at random, get
each other's classes; a run is trained on it in FOLDER as the README's results are
made, but for --set. Prints which share of the 200 stands among the first 100, 200, 300
and 500 labels that the run's suspects.csv names. The catalogue has wrong labels of its
own, which take places too.
"""

import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

EXCHANGED = 200
FIRST = (100, 200, 300, 500)
TRAIN = ("large_ram_train.py", "-b", "1024", "-e", "20")  # as the README's results
ROOT = Path(__file__).parents[1]


def exchange(rows: list[dict[str, str]], seed: int) -> list[int]:
    """Exchanges the classes of pairs of rows in place; returns which, ascending."""
    draw, exchanged = np.random.default_rng(seed), []
    order = draw.permutation(len(rows)).tolist()
    while len(exchanged) < EXCHANGED:
        a, b = order.pop(), order.pop()
        if rows[a]["class"] != rows[b]["class"]:
            rows[a]["class"], rows[b]["class"] = rows[b]["class"], rows[a]["class"]
            exchanged += [a, b]
    return sorted(exchanged)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="of the exchange")
    parser.add_argument("--set", action="append", default=[], help="as of train.py")
    args = parser.parse_args()
    real = Path(os.environ["HUSE_REAL_DATA"]) / "fashion"
    folder = args.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with open(real / "catalog.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    exchanged = {i + 2 for i in exchange(rows, args.seed)}  # as rows of the CSV
    with open(folder / "catalog.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    keys = [f"data.csv={folder / 'catalog.csv'}", f"data.images={real / 'images'}"]
    keys += ["export.at_end=no", *args.set]
    command = [sys.executable, *TRAIN, "--run_dir", folder / "run"]
    command += [f"--set={key}" for key in keys]
    subprocess.run(list(map(str, command)), check=True, cwd=ROOT, stdout=sys.stderr)
    with open(folder / "run" / "suspects.csv", encoding="utf-8", newline="") as file:
        named = [
            int(row["row"]) for row in csv.DictReader(file) if row["kind"] == "label"
        ]
    print(f"{len(named):,} labels named, {EXCHANGED} of {len(rows):,} exchanged")
    for first in FIRST:
        found = len(exchanged & {*named[:first]})
        print(f"among the first {first:3}: {found / EXCHANGED:.3f} ({found})")


if __name__ == "__main__":
    main()
