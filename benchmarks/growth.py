"""Three new classes: from a trained run's towers, or from scratch, at equal steps.

    python benchmarks/growth.py --csv CATALOG --images DIR --to FOLDER [--epochs 2,5]
        [--before 20] [--batch 1024] [--set section.key=value]

Holds the 10th, 11th and 12th largest classes out of a first run of --before epochs,
then trains on all classes for each number of --epochs: from the first run's towers
(--start_from) and from scratch, with the same rows, seed and steps. Prints the test
rows' accuracy and R@1 for the new classes and for the others. Finished runs in FOLDER
are not trained again.
"""

import argparse
import csv
import logging
from pathlib import Path

import numpy as np

from huse_tf import quiet

quiet.start_tensorflow()

import tensorflow as tf  # noqa: E402

from huse_tf.catalog import read_catalog  # noqa: E402
from huse_tf.config import load_config  # noqa: E402
from huse_tf.metrics.retrieval import finds_class, rank  # noqa: E402
from huse_tf.run.folder import RunFolder  # noqa: E402
from huse_tf.run.material import make_pipeline  # noqa: E402
from huse_tf.run.pipelines import features_in_ram  # noqa: E402
from huse_tf.run.restore import restore_run  # noqa: E402
from huse_tf.run.scoring import Scorer  # noqa: E402
from huse_tf.training.fit import fit  # noqa: E402

PLACES = slice(9, 12)  # of the new classes, among all by size
ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True, help="of the runs")
    parser.add_argument("--epochs", default="2,5", help="joined by commas")
    parser.add_argument("--before", type=int, default=20, help="epochs of the first")
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    args.to.mkdir(parents=True, exist_ok=True)
    # each run has functions of its own: no mistake, as it warns
    tf.get_logger().setLevel(logging.ERROR)
    config = configure(args, args.csv, args.before)
    catalog = read_catalog(config.data)
    sizes = np.bincount(catalog.labels)
    labels = np.argsort(-sizes, kind="stable")[PLACES]
    new = [catalog.class_names[i] for i in labels]
    shown = [f"{catalog.class_names[i]} ({sizes[i]} products)" for i in labels]
    print(f"new classes: {', '.join(shown)}")
    old_csv, all_csv = args.to / "old.csv", args.to / "all.csv"
    write(catalog, old_csv, ~np.isin(catalog.labels, labels))
    write(catalog, all_csv, np.ones(len(catalog), bool))
    first = args.to / "first"
    train(configure(args, old_csv, args.before), first)
    lines = []
    for epochs in map(int, args.epochs.split(",")):
        for name, start in (("start_from", first), ("scratch", None)):
            run = args.to / f"{name}_{epochs}"
            chosen = configure(args, all_csv, epochs)
            train(chosen, run, start)
            lines.append(f"{epochs:>6}  {name:<11}" + measured(chosen, run, new))
    names = [f"{w} {of}" for of in ("new", "old") for w in ("acc.", "i->t", "t->i")]
    print("epochs  towers     " + "".join(f"{name:>10}" for name in names))
    print("\n".join(lines))


def configure(args, path: Path, epochs: int):
    """One config but for the catalogue and the epochs; the last epoch validates."""
    return load_config(
        ROOT / "config.ini",
        [
            f"data.csv={path}",
            f"data.images={args.images}",
            f"training.batch_size={args.batch}",
            f"training.epochs={epochs}",
            f"training.validate_epochs={epochs}",
            "export.at_end=no",
            *args.set,
        ],
    )


def write(catalog, path: Path, kept: np.ndarray) -> None:
    """Writes rows with their splits, so that all runs share them."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["image", "text", "class", "split"])
        for i in np.flatnonzero(kept):
            name = catalog.class_names[catalog.labels[i]]
            out.writerow([catalog.images[i], catalog.texts[i], name, catalog.split[i]])


def train(config, run: Path, start: Path | None = None) -> None:
    """Trains a run that has not ended yet."""
    if not RunFolder(run).ended_file.exists():
        fit(config, run, features_in_ram, start_from=start)


def measured(config, run: Path, new: list[str]) -> str:
    """Accuracy of both modalities, and R@1 across them, of new and of other classes."""
    trained = restore_run(run)
    catalog, pipeline = make_pipeline(
        config,
        read_catalog(config.data),
        trained.image_encoder,
        trained.text_encoder,
        features_in_ram,
    )
    scorer = Scorer(trained.model, config, catalog, trained.text_encoder)
    weight = trained.fusion_weight
    vectors, predictions, _ = scorer.embed(pipeline, "test", [weight])
    labels = catalog.labels[catalog.indices("test")]
    hits = [predictions.fusion(weight) == labels]
    for query, items in (("image", "text"), ("text", "image")):
        ranking = rank(vectors[query], vectors[items], 1, 1024, leave_own_row_out=False)
        hits.append(finds_class(ranking.neighbours, labels, 1))
    is_new = np.isin(labels, [trained.class_names.index(name) for name in new])
    shares = [hit[which].mean() for which in (is_new, ~is_new) for hit in hits]
    return "".join(f"{share:10.3f}" for share in shares)


if __name__ == "__main__":
    main()
