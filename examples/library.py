"""The library: trains on features of one's own, then asks a run of train.py.

Example: python examples/library.py runs/huse
"""

import sys
from pathlib import Path

import huse_tf as huse

EXAMPLE = Path(__file__).parents[1] / "data" / "example"


def train(catalog: huse.Catalog) -> None:
    """Trains on one vector a picture and one a text, whatever made them."""
    import keras
    import numpy as np
    import tensorflow as tf

    # Thumbnails and TF-IDF stand for any features, say of a CLIP or a BERT.
    def thumbnail(path: str) -> np.ndarray:
        pixels = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        return tf.image.resize(pixels, [8, 8], "area").numpy().ravel() / 127.5 - 1

    rows = range(len(catalog))
    images = np.stack([thumbnail(catalog.image_path(i)) for i in rows])
    tfidf = keras.layers.TextVectorization(output_mode="tf_idf", max_tokens=500)
    tfidf.adapt(catalog.texts[catalog.indices("train")].astype(str))
    texts = tfidf(catalog.texts.astype(str)).numpy()

    def part(split: str) -> dict[str, np.ndarray]:
        rows = catalog.indices(split)
        return {
            "image": images[rows],
            "text": texts[rows],
            "label": catalog.labels[rows],
        }

    names = catalog.class_names
    graph = huse.graph_from_tree(names, "<")
    network = huse.embedding_network(
        images.shape[1], texts.shape[1], classes=len(names), seed=0
    )
    model = huse.HuseModel(network, huse.Huse(graph, beta=5.0))
    model.compile("adam")
    model.fit(
        part("train"),
        validation_data=part("validation"),
        batch_size=64,
        epochs=10,
        verbose=2,
    )

    test = part("test")
    outputs = model.predict(test, verbose=0)
    metrics = huse.evaluate(
        outputs["image_embedding"], outputs["text_embedding"], test["label"], names
    )
    print(f"image_to_text_R@1 of own features: {metrics['image_to_text_R@1']:.3f}")


def ask(run: str, catalog: huse.Catalog) -> None:
    """Embeds, classifies and searches by a run of train.py."""
    trained = huse.load(run)
    vectors = trained.embed(texts=["red dress", "oak chair"])
    print(f"{vectors.shape[0]} texts, {vectors.shape[1]} numbers each")

    photo = catalog.image_path(0)
    best = trained.classify(images=[photo], texts=[catalog.texts[0]])[0][0]
    print(f"{catalog.texts[0]}: {best['class']}, {best['probability']:.2f}")
    for found in trained.search(text="red dress", k=5):
        print(f"{found['distance']:.3f}  {found['class']}: {found['text']}")


def main() -> None:
    """Reads the example catalogue and does both."""
    run = sys.argv[1] if len(sys.argv) > 1 else "runs/huse"
    catalog = huse.read_catalog(EXAMPLE / "catalog.csv", EXAMPLE / "images")
    train(catalog)
    ask(run, catalog)


if __name__ == "__main__":
    main()
