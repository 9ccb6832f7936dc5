"""How often a class is told that the run has never seen: by name, and by examples.

    HUSE_REAL_DATA=DIR python benchmarks/unseen_classes.py FOLDER [--set key=value]

Ten classes of the real catalogue in DIR/fashion, drawn among those of 40 products and
more, are held out; a run is trained in FOLDER on the other classes, as the README's
results are made, but for --set, and `predict` is asked for the class of every held-out
product: once of the ten names, once of five examples of each. Prints the share that is
told rightly, in all and as a mean over the classes, beside chance. The examples
themselves are not counted.
"""

import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

CLASSES, LEAST, EXAMPLES = 10, 40, 5
TRAIN = ("large_ram_train.py", "-b", "1024", "-e", "20")  # as the README's results
ROOT = Path(__file__).parents[1]

Rows = list[dict[str, str]]


def read(path: Path) -> Rows:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: Rows, columns: tuple[str, ...]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def hold_out(rows: Rows, seed: int) -> tuple[list[str], Rows, Rows, Rows]:
    """Returns the held-out names, the rows to train on, the examples and the rest."""
    draw = np.random.default_rng(seed)
    names, sizes = np.unique([row["class"] for row in rows], return_counts=True)
    held = sorted(draw.choice(names[sizes >= LEAST], CLASSES, replace=False).tolist())
    kept = [row for row in rows if row["class"] not in held]
    examples, asked = [], []
    for name in held:
        own = [row for row in rows if row["class"] == name]
        chosen = {*draw.choice(len(own), EXAMPLES, replace=False).tolist()}
        examples += [own[i] for i in sorted(chosen)]
        asked += [row for i, row in enumerate(own) if i not in chosen]
    return held, kept, examples, asked


def run(script: str, *arguments: object) -> None:
    command = [sys.executable, str(ROOT / script), *map(str, arguments)]
    subprocess.run(command, check=True, cwd=ROOT, stdout=sys.stderr)


def accuracy(asked: Rows, told: Rows) -> str:
    """Compares what was told with the classes, by the pictures' names."""
    right = {row["image"]: row["class"] for row in asked}
    hits = [(right[row["image"]], row["class"]) for row in told]
    of_class = {
        name: np.mean([name == found for true, found in hits if true == name])
        for name in sorted(set(right.values()))
    }
    for name, share in of_class.items():
        print(f"    {share:.3f}  {name}")
    share = np.mean([true == found for true, found in hits])
    mean = np.mean(list(of_class.values()))
    return f"{share:.3f} of {len(hits):,} products, mean over classes {mean:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--set", action="append", default=[], help="as of train.py")
    args = parser.parse_args()
    real = Path(os.environ["HUSE_REAL_DATA"]) / "fashion"
    folder, images = args.folder.absolute(), real / "images"
    folder.mkdir(parents=True, exist_ok=True)
    held, kept, examples, asked = hold_out(read(real / "catalog.csv"), args.seed)
    write(folder / "catalog.csv", kept, ("image", "text", "class", "split"))
    write(folder / "asked.csv", asked, ("image", "text"))
    write(folder / "examples.csv", examples, ("class", "image", "text"))
    (folder / "names.txt").write_text("".join(f"{name}\n" for name in held))
    keys = [f"data.csv={folder / 'catalog.csv'}", f"data.images={images}"]
    keys += ["export.at_end=no", *args.set]
    run(*TRAIN, "--run_dir", folder / "run", *(f"--set={key}" for key in keys))
    sizes = np.unique([row["class"] for row in asked], return_counts=True)[1]
    for how, classes in (("name", "names.txt"), ("five examples", "examples.csv")):
        told = folder / f"told_{Path(classes).stem}.csv"
        asking = ("--csv", folder / "asked.csv", "--images", images, "--to", told)
        run(
            *("predict.py", "--run_dir", folder / "run", *asking),
            *("--classes", folder / classes),
        )
        print(f"by {how}:")
        print(f"by {how}: {accuracy(asked, read(told))}")
    print(
        f"chance: {1 / len(held):.3f}; always the largest class: "
        f"{sizes.max() / sizes.sum():.3f}"
    )


if __name__ == "__main__":
    main()
