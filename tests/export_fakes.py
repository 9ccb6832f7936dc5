"""A small model to export, and pictures and texts to ask it about."""

import io
from types import SimpleNamespace

import numpy as np
import tensorflow as tf
from PIL import Image

from huse_tf.encoders.base import ImageEncoder
from huse_tf.encoders.images.decode import decode_batch
from huse_tf.encoders.texts.tfidf import TfidfEncoder
from huse_tf.serving.module import ServingModule
from huse_tf.towers import embedding_network

CLASSES = ("bags", "caps", "coats", "mugs", "shoes<boots", "shoes<höga", "鞋")
WEIGHT = 0.3
DIM = 8
TEXTS = ["red boots", "blue mug", "a cap", "", "boots boots red", "😀", "a red mug"]


class Thumbnails(ImageEncoder):
    """Features are the pixels of a 4 x 4 thumbnail, times weights."""

    size, dim, identity = 16, 48, {"name": "thumbnails"}

    def __init__(self):
        super().__init__(dtype="float32")
        self.scale = self.add_weight(shape=[48], initializer="random_normal")

    def prepare(self, image_bytes):
        return decode_batch(image_bytes, self.size)

    def call(self, pixels, training=False):
        means = tf.nn.avg_pool2d(tf.cast(pixels, tf.float32) / 255, 4, 4, "VALID")
        return tf.reshape(means, [-1, self.dim]) * tf.convert_to_tensor(self.scale)


def tfidf():
    encoder = TfidfEncoder(20)
    encoder.adapt(np.array(["red boots", "a blue mug", "a red cap"], object))
    return encoder


def make_module(classes=CLASSES, text_encoder=None, precision="float32"):
    image_encoder, text_encoder = Thumbnails(), text_encoder or tfidf()
    network = embedding_network(
        image_encoder.dim,
        text_encoder.dim,
        len(classes),
        units=16,
        embedding_dim=DIM,
        logit_scale="learned",
        seed=3,
        precision=precision,
    )
    module = ServingModule(image_encoder, text_encoder, network, classes, WEIGHT)
    return module, SimpleNamespace(
        image_encoder=image_encoder,
        text_encoder=text_encoder,
        model=SimpleNamespace(network=network),
        class_names=classes,
        fusion_weight=WEIGHT,
    )


def pictures():
    """Seven picture files, the fourth of them broken."""
    draw = np.random.default_rng(5)
    files = []
    for i in range(7):
        pixels = draw.integers(0, 256, (20 + i, 30, 3), np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG" if i == 1 else "JPEG")
        files.append(buffer.getvalue())
    files[3] = files[3][:40]
    return files


def in_memory(run, images, texts):
    """Asks the model's parts one after the other: arrays by name."""
    pixels, valid = run.image_encoder.prepare(tf.constant(images))
    prepared = run.text_encoder.prepare(tf.constant(texts))
    features = {
        "image": run.image_encoder(pixels),
        "text": run.text_encoder(prepared),
    }
    outputs = run.model.network(features, training=False)
    return {n: t.numpy() for n, t in {**outputs, "valid": valid}.items()}
