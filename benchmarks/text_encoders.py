"""Every kind of text encoder on one catalogue, and fine-tuning against frozen.

    python benchmarks/text_encoders.py --data $HUSE_REAL_DATA [--to runs/text_encoders]

The data folder holds fashion/catalog.csv, fashion/images and encoders/ with a MobileNet
.keras file, TF-Hub BERT and a sentence encoder. One run of large_ram_train.py for each
text encoder, the same pictures and class graph for all; then two of train.py on 4,000
training rows, the BERT encoder frozen and fine-tuned. Finished runs are not repeated.
Prints two Markdown tables of test metrics.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import tensorflow as tf

from huse_tf.encoders.texts.embedded_text import EmbeddedTextEncoder

ROOT = Path(__file__).parents[1]
METRICS = (
    "text_accuracy",
    "fusion_accuracy",
    "image_to_text_R@1",
    "text_to_image_R@1",
    "text_to_text_R@1",
)
FINE_TUNING_ROWS = 4_000


def word_vectors(catalog: Path, file: Path) -> None:
    """Writes the embedded encoder's vector of each word of the titles as text."""
    titles = pd.read_csv(catalog, dtype=str, keep_default_na=False)["text"]
    words = sorted(set(" ".join(titles).lower().split()))
    encoder = EmbeddedTextEncoder()
    vectors = encoder(encoder.prepare(tf.constant(words))).numpy()
    lines = (
        " ".join([word, *(f"{x:.5f}" for x in vector)])
        for word, vector in zip(words, vectors, strict=True)
    )
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def fewer_training_rows(catalog: Path, file: Path) -> None:
    """Copies a catalogue with FINE_TUNING_ROWS of its training rows, seeded."""
    rows = pd.read_csv(catalog, dtype=str, keep_default_na=False)
    train = rows[rows["split"] == "train"].sample(FINE_TUNING_ROWS, random_state=0)
    held_out = rows[rows["split"] != "train"]
    pd.concat([train, held_out]).sort_index().to_csv(file, index=False)


def run(script: str, folder: Path, flags: list[str], settings: dict) -> dict:
    """Runs a trainer; returns what its evaluation.json holds, and the seconds."""
    result = folder / "evaluation.json"
    start = time.time()
    if not result.exists():
        sets = [f"--set={key}={value}" for key, value in settings.items()]
        command = [sys.executable, script, *flags, f"--run_dir={folder}", *sets]
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    return {**json.loads(result.read_text()), "seconds": time.time() - start}


def print_table(title: str, rows: dict[str, dict]) -> None:
    """Prints metrics by row name as Markdown, the best of each column bold."""
    print(f"\n| {title} | " + " | ".join(METRICS) + " |")
    print("| --- " * (len(METRICS) + 1) + "|")
    best = {name: max(row[name] for row in rows.values()) for name in METRICS}
    for label, row in rows.items():
        cells = (
            f"**{row[n]:.4f}**" if row[n] == best[n] else f"{row[n]:.4f}"
            for n in METRICS
        )
        print(f"| {label} | " + " | ".join(cells) + " |")


def main() -> None:
    """Trains what is not trained yet and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = os.environ.get("HUSE_REAL_DATA")
    parser.add_argument("--data", type=Path, default=data, required=data is None)
    parser.add_argument("--to", type=Path, default=ROOT / "runs" / "text_encoders")
    parser.add_argument("--features", type=Path, default=ROOT / "runs" / "features")
    arguments = parser.parse_args()
    fashion = Path(arguments.data).resolve() / "fashion"
    encoders = Path(arguments.data).resolve() / "encoders"
    folder = arguments.to.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    word_vectors(fashion / "catalog.csv", folder / "vectors.txt")
    fewer_training_rows(fashion / "catalog.csv", folder / "fewer.csv")

    bert = {
        "text_encoder.preprocess": encoders / "minilm_en_uncased_preprocess",
        "text_encoder.handle": encoders / "minilm_en_uncased_L-6_H-384_A-12",
    }
    texts = {
        "tfidf": {},
        "word_vectors": {"text_encoder.vectors": folder / "vectors.txt"},
        "embedded": {},
        "bert, last4": {**bert, "text_encoder.pooling": "last4"},
        "bert+tfidf, last4": {**bert, "text_encoder.pooling": "last4"},
        "use": {"text_encoder.handle": encoders / "minilm_sentence_encoder"},
    }
    shared = {
        "data.csv": fashion / "catalog.csv",
        "data.images": fashion / "images",
        "image_encoder.name": encoders / "mobilenet_v1.keras",
        "image_encoder.size": 128,
        "features.folder": arguments.features.resolve(),
        "export.at_end": "no",
    }
    rows = {}
    for label, settings in texts.items():
        name = label.split(",")[0]
        rows[label] = run(
            "large_ram_train.py",
            folder / label.replace(", ", "_").replace("+", "_"),
            ["-b=1024", "-e=20"],
            {**shared, "text_encoder.name": name, **settings},
        )
        print(f"{label}: {rows[label]['seconds']:.0f} s", file=sys.stderr)
    print_table("text_encoder.name", rows)

    few = {**shared, **bert, "data.csv": folder / "fewer.csv"}
    few |= {"text_encoder.name": "bert", "text_encoder.max_tokens": 32}
    tuned = {
        f"fine_tune = {choice}": run(
            "train.py",
            folder / f"fine_tune_{choice}",
            ["-b=64", "-e=2"],
            {**few, "text_encoder.fine_tune": choice, "training.validate_epochs": 1},
        )
        for choice in ("none", "all")
    }
    print_table(f"{FINE_TUNING_ROWS:,} training titles, 2 epochs", tuned)


if __name__ == "__main__":
    main()
