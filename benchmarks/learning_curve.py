"""How many products it takes: the same steps on fewer and fewer training rows.

    python benchmarks/learning_curve.py --csv CSV --images DIR --to DIR
        [--rows 500,2000,8000,0] [--steps 660] [--set features.folder=DIR]

The catalogue needs a split column. Training rows are drawn by class, with a seed;
validation and test rows stay, of classes that are still trained on. Each number of rows
(0: all) is a training of its own by large_ram_train.py, the default config and as many
steps. Prints a line a training, of the test rows.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
BATCH = 1024
SHOWN = (
    "image_accuracy",
    "text_accuracy",
    "fusion_accuracy",
    "image_to_text_R@1",
    "text_to_image_R@1",
    "image_to_text_instance_R@10",
    "words_to_product_P@10",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--rows", default="500,2000,8000,0")
    parser.add_argument("--steps", type=int, default=660)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    args = parser.parse_args()
    with open(args.csv, encoding="utf-8-sig", newline="") as file:
        products = list(csv.DictReader(file))
    args.to.mkdir(parents=True, exist_ok=True)
    print("products classes seconds " + " ".join(SHOWN))
    for rows in map(int, args.rows.split(",")):
        train = drawn([p for p in products if p["split"] == "train"], rows)
        classes = {p["class"] for p in train}
        rest = [p for p in products if p["split"] != "train" and p["class"] in classes]
        subset = args.to / f"catalog_{len(train)}.csv"
        with open(subset, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, products[0].keys())
            writer.writeheader()
            writer.writerows(train + rest)
        started = time.monotonic()
        metrics = trained(subset, len(train), args)
        shown = " ".join(f"{metrics[name]:.3f}" for name in SHOWN if name in metrics)
        seconds = time.monotonic() - started
        print(f"{len(train)} {len(classes)} {seconds:.0f} {shown}", flush=True)


def drawn(rows: list[dict], wanted: int) -> list[dict]:
    """Draws rows by class, two of each at least; 0 takes all."""
    if not wanted:
        return rows
    random = np.random.default_rng(0)
    by_class: dict[str, list[dict]] = {}
    for i in random.permutation(len(rows)):
        by_class.setdefault(rows[i]["class"], []).append(rows[i])
    share = wanted / len(rows)
    return [
        p for own in by_class.values() for p in own[: max(2, round(share * len(own)))]
    ]


def trained(subset: Path, rows: int, args: argparse.Namespace) -> dict[str, float]:
    """Trains on a subset and returns the metrics of its test rows."""
    batch = min(BATCH, rows)
    epochs = max(1, round(args.steps / (rows // batch)))
    settings = [
        f"data.csv={subset.resolve()}",
        f"data.images={args.images.resolve()}",
        f"training.validate_epochs={max(1, epochs // 20)}",
        *args.settings,
    ]
    run = args.to / f"run_{rows}"
    command = [
        sys.executable,
        "large_ram_train.py",
        "-b",
        str(batch),
        "-e",
        str(epochs),
    ]
    command += ["--run_dir", str(run.resolve())]
    for setting in settings:
        command += ["--set", setting]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return json.loads((run / "evaluation.json").read_text())


if __name__ == "__main__":
    main()
