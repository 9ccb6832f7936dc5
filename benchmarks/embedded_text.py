"""Speed, size and fidelity of the embedded text encoder.

    python benchmarks/embedded_text.py [--real FOLDER [--teacher FOLDER]]

Prints titles a second, also as a share of what splitting the same texts at spaces
reaches in the same run. With the real catalogue (FOLDER/fashion/catalog.csv) the
titles are real, and a linear classifier is trained on the features. With the full
model (a SavedModel, strings [B] to [B, D]; needs tensorflow-text) its similarities
between class names and its classifier are compared; that takes some minutes.
"""

import argparse
import os
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from huse_tf.encoders.texts.embedded_text import ASSET, EmbeddedTextEncoder

BATCH = 1024
TITLES = 40 * BATCH
REPEATS = 5


def made_up_titles(count: int) -> list[str]:
    """Titles of 3 to 9 vocabulary words, one word in ten misspelt."""
    random = np.random.default_rng(0)
    with np.load(ASSET) as asset:
        words = [p.decode() for p in asset["pieces"].tolist()]
    words = [w.title() for w in words if w.isascii() and w.isalpha() and len(w) > 2]
    words = np.array(words)
    titles = []
    for _ in range(count):
        chosen = random.choice(words, random.integers(3, 10))
        misspelt = random.random(len(chosen)) < 0.1
        titles.append(
            " ".join(w[::-1] if m else w for w, m in zip(chosen, misspelt, strict=True))
        )
    return titles


def measure(titles: list[str], functions: list) -> tuple[np.ndarray, np.ndarray]:
    """Passes the titles through tf.data with each function, taken in turns.

    Returns:
        rates: [F] titles a second of the clock, the best of REPEATS passes.
        costs: [F] seconds of CPU time for one title, the best of REPEATS passes.
    """
    texts = tf.data.Dataset.from_tensor_slices(titles).batch(BATCH).cache()
    data = [texts.map(f, num_parallel_calls=tf.data.AUTOTUNE) for f in functions]
    clock = np.zeros((REPEATS + 1, len(data)))
    cpu = np.zeros_like(clock)
    for repeat in range(REPEATS + 1):
        for column, dataset in enumerate(data):
            start = time.perf_counter(), time.process_time()
            for _ in dataset:
                pass
            clock[repeat, column] = time.perf_counter() - start[0]
            cpu[repeat, column] = time.process_time() - start[1]
    # the first pass fills the cache and traces
    return len(titles) / clock[1:].min(axis=0), cpu[1:].min(axis=0) / len(titles)


def split(texts: tf.Tensor) -> tf.Tensor:
    """The yardstick: the texts [B] split at spaces, nothing else."""
    return tf.strings.split(texts).values


def similarities(features: np.ndarray) -> pd.Series:
    """Cosines of all pairs of the unit rows [K, D]."""
    return pd.Series((features @ features.T)[np.triu_indices(len(features), 1)])


def spearman(a: pd.Series, b: pd.Series) -> float:
    """Correlation of the ranks, ties sharing their mean rank."""
    return float(np.corrcoef(a.rank(), b.rank())[0, 1])


def accuracy(features: np.ndarray, labels: np.ndarray, split: np.ndarray) -> float:
    """Test accuracy of a linear softmax classifier trained on the train split."""
    keras.utils.set_random_seed(0)
    train, test = split == "train", split == "test"
    model = keras.Sequential([keras.layers.Dense(int(labels.max()) + 1)])
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(features[train], labels[train], batch_size=512, epochs=30, verbose=0)
    return model.evaluate(features[test], labels[test], verbose=0)[1]


def encode(encode_batch, texts: list[str]) -> np.ndarray:
    """Encodes texts [N] in batches of a few hundred: float32 [N, D]."""
    batches = tf.data.Dataset.from_tensor_slices(texts).batch(256)
    return np.concatenate([encode_batch(batch).numpy() for batch in batches])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", default=os.environ.get("HUSE_REAL_DATA"))
    parser.add_argument("--teacher", help="SavedModel folder of the full model")
    flags = parser.parse_args()
    if flags.teacher and not flags.real:
        parser.error("--teacher needs --real FOLDER, which holds fashion/catalog.csv")

    encoder = EmbeddedTextEncoder()
    print(f"size {ASSET.stat().st_size / 1e6:.2f} MB, {encoder.dim} dimensions")
    if flags.real:
        path = Path(flags.real) / "fashion" / "catalog.csv"
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        titles = rows["text"].tolist()
    else:
        titles = made_up_titles(TITLES)

    (limit, rate), (_, cost) = measure(titles[:TITLES], [split, encoder.prepare])
    print(
        f"{os.cpu_count()} cores, batch {BATCH}: {rate:,.0f} titles/s, "
        f"{rate / limit:.3f} of tf.strings.split ({limit:,.0f}); "
        f"{cost * 1e6:.1f} us of CPU time a title"
    )
    if not flags.real:
        return

    labels, names = pd.factorize(rows["class"].to_numpy(object), sort=True)
    names = [name.replace("<", " ") for name in names]
    encoders = {"embedded": lambda texts: encoder(encoder.prepare(texts))}
    if flags.teacher:
        import tensorflow_text  # noqa: F401, registers the ops of the SavedModel

        encoders["full model"] = tf.saved_model.load(flags.teacher)
        cosines = [similarities(encode(e, names)) for e in encoders.values()]
        print(f"Spearman of {len(names)} class names: {spearman(*cosines):.4f}")
    for name, encode_batch in encoders.items():
        features = encode(encode_batch, titles)
        reached = accuracy(features, labels, rows["split"].to_numpy())
        print(f"test accuracy of a linear classifier, {name}: {reached:.4f}")


if __name__ == "__main__":
    main()
