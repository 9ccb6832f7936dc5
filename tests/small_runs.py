"""A run on a few products of the example, trained within the tests' process."""

import csv
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "data" / "example"
CLASSES, PRODUCTS = 4, 6  # products a class

# What makes a run take seconds: TF-IDF, small towers, small batches.
TINY = {
    "text_encoder.name": "tfidf",
    "class_encoder.name": "tfidf",
    "towers.units": "32",
    "towers.embedding_dim": "16",
    "optimizer.learning_rate": "1e-3",
    "training.batch_size": "16",
}


def small_network(folder, seed=3):
    """Saves a network of two convolutions and dropout; returns its path."""
    import keras

    keras.utils.set_random_seed(seed)
    pixels = keras.Input([24, 24, 3])
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu")(pixels)
    x = keras.layers.Dropout(0.2)(keras.layers.Conv2D(6, 3)(x))
    path = folder / "network.keras"
    network = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras on NumPy 2
        network.save(path)
    return path


def products(per_class=PRODUCTS, step=5):
    """The example's rows: the first few products of every `step`th class."""
    with open(EXAMPLE / "catalog.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["class"] for row in rows})[::step][:CLASSES]
    return [
        row
        for name in names
        for row in [r for r in rows if r["class"] == name][:per_class]
    ]


def write_rows(path, rows):
    """Writes rows as a CSV, their keys as its header."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def write_catalog(path, rows):
    """Writes a CSV with a split: of six rows one validates and one tests."""
    parts = {0: "validation", 1: "test"}
    write_rows(
        path,
        [
            {name: row[name] for name in ("image", "text", "class")}
            | {"split": parts.get(i % PRODUCTS, "train")}
            for i, row in enumerate(rows)
        ],
    )


def lacking_products():
    """The products, of which some lack their picture or their text.

    Of each class's six the third has no picture and the fourth no text, both to train
    on; of the first class the one to validate, of the second the one to test has no
    picture, and of the third and the fourth no text.
    """
    rows = [dict(row) for row in products()]
    for i, row in enumerate(rows):
        of_class, place = divmod(i, PRODUCTS)
        odd = (of_class, place) in ((0, 0), (1, 1))
        even = (of_class, place) in ((2, 0), (3, 1))
        if place == 2 or odd:
            row["image"] = ""
        if place == 3 or even:
            row["text"] = ""
    return rows


def train_small_run(folder, rows=None, **changes):
    """Trains the embedded image encoder and TF-IDF for 30 epochs.

    Args:
        folder: of the catalogue, the features and the run.
        rows: of the catalogue; None for `products`.
        **changes: other settings, "section__key" -> value.
    """
    from huse_tf.config import load_config
    from huse_tf.run.build import prepare
    from huse_tf.run.folder import RunFolder
    from huse_tf.run.pipelines import stored_features
    from huse_tf.training.trainer import Trainer

    write_catalog(folder / "catalog.csv", rows or products())
    settings = {
        "data.csv": folder / "catalog.csv",
        "data.images": EXAMPLE / "images",
        "features.folder": folder / "features",
        "image_encoder.name": "embedded",
        **TINY,
        "training.epochs": "30",
        "training.validate_epochs": "30",
        "export.at_end": "no",
        **{name.replace("__", "."): value for name, value in changes.items()},
    }
    overrides = [f"{key}={value}" for key, value in settings.items()]
    config = load_config(ROOT / "config.ini", overrides)
    run = RunFolder(folder / "run")
    run.path.mkdir()
    Trainer(prepare(config, run, stored_features), run).train()
    return folder / "run"
