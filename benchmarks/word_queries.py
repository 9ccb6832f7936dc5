"""How well a run's search finds "a word and a class", for each way of matching.

    python benchmarks/word_queries.py runs/huse [--split validation] [--words red,blue]
        [--least 10]

Queries are those of huse_tf/metrics/words.py over the rows of a split, which are
indexed alone: "red dresses" wherever at least ten rows (or --least), and at most half
of the class, have it. Prints, for --match vectors, words and both, the share of the
first ten answers (P@10) and of the first answers that have the class and the word.
"""

import argparse
import csv
import tempfile
from pathlib import Path

import numpy as np

from huse_tf import quiet

quiet.start_tensorflow()

from huse_tf.catalog import read_catalog  # noqa: E402
from huse_tf.encoders.texts.stop_words import STOP_WORDS  # noqa: E402
from huse_tf.metrics.registry import WORDS_AT  # noqa: E402
from huse_tf.metrics.words import AT_LEAST, word_queries  # noqa: E402
from huse_tf.run.restore import restore_run  # noqa: E402
from huse_tf.search.build import open_index  # noqa: E402
from huse_tf.search.matching import find  # noqa: E402
from huse_tf.search.query import QueryEncoder  # noqa: E402
from huse_tf.search.request import MATCHES  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--split", default="validation", help="several: a,b")
    parser.add_argument("--words", help="joined by commas; any, if not given")
    parser.add_argument("--least", type=int, default=AT_LEAST, help="rows that have it")
    args = parser.parse_args()
    trained = restore_run(args.run_dir)
    catalog = read_catalog(trained.config.data)
    rows = np.concatenate([catalog.indices(s) for s in args.split.split(",")])
    with tempfile.TemporaryDirectory() as folder:
        held_out = Path(folder, "held_out.csv")
        with open(held_out, "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["image", "text", "class"])
            for i in rows:
                name = catalog.class_names[catalog.labels[i]]
                out.writerow([catalog.images[i], catalog.texts[i], name])
        index = open_index(trained, held_out, catalog.image_root)
    queries = word_queries(
        [index.titles[i] for i in range(len(index))],
        index.labels,
        index.class_names,
        index.separator,
        leave_out=STOP_WORDS,
        at_least=args.least,
    )
    wanted = args.words.split(",") if args.words else set(queries.words)
    chosen = [i for i, word in enumerate(queries.words) if word in wanted]
    if not chosen:
        raise SystemExit(
            f"no such queries: no word is in {args.least} titles of a class"
        )
    print(f"{len(index):,} products, {len(chosen)} queries")
    encoder = QueryEncoder(trained)
    for match in MATCHES:
        hits = []
        for i in chosen:
            query = encoder.query(queries.texts[i], None, match)
            found = [
                product.number for product in find(index, query, WORDS_AT).products
            ]
            hit = np.isin(found, queries.answers[i])
            hits.append([hit.sum() / WORDS_AT, hit[:1].sum()])
        precision, first = np.mean(hits, axis=0)
        print(f"--match {match:8}P@{WORDS_AT} {precision:.3f}  first {first:.3f}")


if __name__ == "__main__":
    main()
