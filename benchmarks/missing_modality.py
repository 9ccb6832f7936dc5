"""A catalogue of which a fifth has no photo and a fifth no title: trained and searched.

    python benchmarks/missing_modality.py --csv catalog.csv --images DIR --to FOLDER \
        [--set features.folder=DIR]

Draws products from a catalogue (columns image, text, class), takes the photo from some
and the title from others, trains with config.ini's settings, and prints, for products
that are whole, without a photo and without a title:

- as queries: how often the nearest of all products, by their vectors, is of the class
  (R@1), asked by held-out products of that kind;
- as answers: the same, asked by held-out whole products, among equally many products of
  that kind alone; and the share of each kind among the first ten answers to titles;
- as served: how often the export's class is right, for held-out products of that kind,
  and how far its vectors are from those of the index.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from huse_tf import quiet

quiet.start_tensorflow()

import tensorflow as tf  # noqa: E402

from huse_tf.catalog import Catalog, read_catalog  # noqa: E402
from huse_tf.config import load_config  # noqa: E402
from huse_tf.run.pipelines import features_in_ram  # noqa: E402
from huse_tf.run.restore import TrainedRun, restore_run  # noqa: E402
from huse_tf.search.build import open_index  # noqa: E402
from huse_tf.search.index import Index  # noqa: E402
from huse_tf.search.query import QueryEncoder  # noqa: E402
from huse_tf.training.fit import fit  # noqa: E402

ROOT = Path(__file__).parents[1]
WHOLE, NO_PHOTO, NO_TITLE = KINDS = ("whole", "no photo", "no title")


def draw(source: Path, to: Path, count: int, share: float, seed: int) -> None:
    """Writes `count` products of the source, of which shares lack either modality."""
    with open(source, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    order = np.random.default_rng(seed).permutation(len(rows))[:count]
    lacking = round(share * len(order))
    with open(to, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["image", "text", "class"])
        for place, i in enumerate(order.tolist()):
            image = "" if place < lacking else rows[i]["image"]
            text = "" if lacking <= place < 2 * lacking else rows[i]["text"]
            out.writerow([image, text, rows[i]["class"]])


def kinds_of(catalog: Catalog) -> dict[str, np.ndarray]:
    """Returns the positions of the products of each kind."""
    has = catalog.has_image, catalog.has_text
    masks = (has[0] & has[1], ~has[0], ~has[1])
    return dict(zip(KINDS, map(np.flatnonzero, masks), strict=True))


def first_is_right(index: Index, asked: np.ndarray, items: np.ndarray) -> float:
    """R@1 of the class: the nearest of the items, the query itself left out."""
    vectors, labels = index.vectors["products"], index.labels
    scores = vectors[asked] @ vectors[items].T
    scores[asked[:, None] == items[None]] = -np.inf
    return float((labels[items[scores.argmax(axis=1)]] == labels[asked]).mean())


def share_of_answers(
    trained: TrainedRun, index: Index, asked: np.ndarray, kinds: dict[str, np.ndarray]
) -> dict[str, float]:
    """Share of each kind among the first ten products found for the titles asked."""
    encoder = QueryEncoder(trained)
    found = np.concatenate(
        [
            index.rows(encoder.embed(index.titles[int(i)], None), 10, leave_out=int(i))
            for i in asked
        ]
    )
    return {kind: float(np.isin(found, rows).mean()) for kind, rows in kinds.items()}


def served(
    folder: Path, catalog: Catalog, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Asks the newest export: embeddings float32 [n, D] and whether the class is right.

    Raises:
        RuntimeError: it does not say of a product what it has.
    """
    newest = max(folder.iterdir(), key=lambda version: int(version.name))
    ask = tf.saved_model.load(str(newest)).signatures["serving_default"]
    images = [
        Path(catalog.image_path(i)).read_bytes() if catalog.has_image[i] else b""
        for i in rows
    ]
    answer = ask(
        image_bytes=tf.constant(images), text=tf.constant(catalog.texts[rows].tolist())
    )
    for name, has in (("image", catalog.has_image), ("text", catalog.has_text)):
        if (answer[f"{name}_valid"].numpy() != has[rows]).any():
            raise RuntimeError(f"{name}_valid is not what the catalogue has")
    told = [name.decode() for name in answer["class_name"].numpy()]
    names = np.array(catalog.class_names, object)[catalog.labels[rows]]
    return answer["embedding"].numpy(), np.array(told, object) == names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True, help="a folder for all of it")
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--share", type=float, default=0.2, help="that lacks either")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    args.to.mkdir(parents=True, exist_ok=True)
    draw(args.csv, args.to / "catalog.csv", args.products, args.share, args.seed)
    overrides = [
        f"data.csv={args.to / 'catalog.csv'}",
        f"data.images={args.images}",
        "data.test_fraction=0.3",
        f"training.seed={args.seed}",
    ]
    config = load_config(ROOT / "config.ini", [*overrides, *args.set])
    fit(config, args.to / "run", features_in_ram)

    trained = restore_run(args.to / "run")
    catalog, index = read_catalog(config.data), open_index(trained)
    if len(index) != len(catalog):
        raise RuntimeError("a picture cannot be decoded: rows and index differ")
    kinds = kinds_of(catalog)
    held_out = {
        kind: rows[catalog.split[rows] == "test"] for kind, rows in kinds.items()
    }
    fewest = min(map(len, kinds.values()))
    random = np.random.default_rng(args.seed)
    equal = {k: np.sort(random.choice(r, fewest, False)) for k, r in kinds.items()}
    shares = share_of_answers(trained, index, held_out[WHOLE], kinds)
    everything = np.arange(len(catalog))
    print(f"\n{'':10}{'products':>9}{'of all':>8}{'test':>6}  R@1 of the class", end="")
    print(f"{'first ten':>12}{'served':>8}{'differs':>9}")
    print(f"{'':33}  as query  as answer{'':12}{'class':>8}")
    for kind, rows in kinds.items():
        asked = held_out[kind]
        embeddings, right = served(args.to / "run" / "export", catalog, asked)
        print(
            f"{kind:10}{len(rows):9,}{len(rows) / len(catalog):8.0%}{len(asked):6}"
            f"{first_is_right(index, asked, everything):10.3f}"
            f"{first_is_right(index, held_out[WHOLE], equal[kind]):11.3f}"
            f"{shares[kind]:12.0%}{right.mean():8.3f}"
            f"{np.abs(embeddings - index.vectors['products'][asked]).max():9.1g}"
        )


if __name__ == "__main__":
    main()
