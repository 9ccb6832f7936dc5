"""From a catalogue's rows to batches, the same ones in either trainer.

The rows of step s are a function of (seed, s) alone: no shuffle buffer, nothing to
store, and training can go on at any step. The last rows of an epoch that do not fill
a batch are left out; the shuffle decides which ones, so they change every epoch.
Where rows came or went, an epoch of the new ones begins with the next step.

In the place of a picture or a text that a product lacks stand zero features, a white
picture or the tokens of "".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from huse_tf.catalog import Catalog
from huse_tf.config import ImageEncoderConfig
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.encoders.images.augment import augment
from huse_tf.encoders.images.reencode import read_picture
from huse_tf.encoders.images.unreadable import why_file_undecodable
from huse_tf.features.reading import Features
from huse_tf.presence import Present
from huse_tf.progress import Progress

# positions int64 [B] in the catalogue and the step, or -1 outside of training
Fetch = Callable[[tf.Tensor, tf.Tensor], tf.Tensor | dict[str, tf.Tensor]]

NOT_TRAINING = -1


class Begun(NamedTuple):
    """Where the training of a set of rows begins.

    Attributes:
        step: how many steps were taken before, on other rows.
        epoch: how many epochs were finished before.
    """

    step: int = 0
    epoch: int = 0


AT_ONCE = Begun()


def stored_features(features: Features) -> Fetch:
    """Reads features from the feature files batch by batch: bounded memory."""

    def fetch(positions: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        rows = tf.numpy_function(
            features.gather, [positions], tf.float32, stateful=False
        )
        return tf.ensure_shape(rows, [None, features.shape[1]])

    return fetch


def features_in_ram(features: Features) -> Fetch:
    """Loads all features at once and gathers from memory."""
    table = _on_host(features.load())
    return lambda positions, step: tf.gather(table, positions)


def pictures(
    catalog: Catalog, encoder: ImageEncoder, config: ImageEncoderConfig, seed: int
) -> Fetch:
    """Decodes pictures batch by batch and, in training, augments them if asked."""
    paths = _on_host([catalog.image_path(i) for i in range(len(catalog))])
    read = read_picture if catalog.has_image.all() else _read_if_there

    def fetch(positions: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        contents = tf.map_fn(read, tf.gather(paths, positions))
        pixels, _ = encoder.prepare(contents)
        pixels = tf.ensure_shape(pixels, [None, encoder.size, encoder.size, 3])
        if not config.augment:
            return pixels

        def varied() -> tf.Tensor:
            return augment(
                pixels,
                seed,
                step,
                positions,
                config.crop_min_area,
                config.flip,
                config.colour_jitter,
            )

        return tf.cond(
            step == NOT_TRAINING,
            lambda: tf.cast(pixels, tf.float32),
            lambda: tf.cast(varied(), tf.float32),
        )

    return fetch


def _read_if_there(path: tf.Tensor) -> tf.Tensor:
    return tf.cond(
        tf.equal(path, ""), lambda: tf.constant(""), lambda: read_picture(path)
    )


def tokens(texts: np.ndarray, encoder: TextEncoder) -> Fetch:
    """Turns texts into what the encoder inside the model takes, batch by batch."""
    strings = _on_host(texts.tolist())
    return lambda positions, step: encoder.prepare(tf.gather(strings, positions))


def rows_of_step(
    step: tf.Tensor, rows: int, batch_size: int, seed: int, begun: Begun = AT_ONCE
) -> tf.Tensor:
    """Returns which of `rows` training rows make the batch of a step.

    Args:
        step: int64 scalar, from `begun.step` on.
        rows: how many training rows there are, at least `batch_size`.
        batch_size: B.
        seed: of the order.
        begun: where the training of these rows begins.

    Returns:
        int64 [B], different numbers in [0, rows); no row comes twice in an epoch.
    """
    steps = rows // batch_size
    step -= begun.step
    epoch, within = begun.epoch + step // steps, step % steps
    places = within * batch_size + tf.range(batch_size, dtype=tf.int64)
    key = tf.stack([tf.constant(seed, tf.int64), epoch])
    return tf.random.experimental.index_shuffle(places, key, rows - 1)


@dataclass(frozen=True)
class Pipeline:
    """Batches of the catalogue's rows.

    Attributes:
        image: fetches images, or their features.
        text: fetches texts, or their features.
        labels: int32 [N], by position in the catalogue.
        text_ids: int64 [N], the same number where the text or the product is the same.
        split: positions int64 by the name of the split.
        batch_size: B, at most the number of training rows.
        seed: of the order of the rows.
        present: the modalities of the N products, NumPy's; None where all have both.
        begun: where the training of these rows begins.
        products: int64 [N], the product that each row is a picture of; None where each
            row is a product of its own.
    """

    image: Fetch
    text: Fetch
    labels: np.ndarray
    text_ids: np.ndarray
    split: dict[str, np.ndarray]
    batch_size: int
    seed: int
    present: Present | None = None
    begun: Begun = AT_ONCE
    products: np.ndarray | None = None

    def present_in(self, split: str) -> Present | None:
        """Says of a split's products, in order, which modalities they have."""
        if self.present is None:
            return None
        return self.present.of(self.split[split])

    @property
    def steps_per_epoch(self) -> int:
        """How many full batches the training rows make."""
        return len(self.split["train"]) // self.batch_size

    def epoch(self, step: int) -> int:
        """Returns how many epochs are finished after `step` steps."""
        return self.begun.epoch + (step - self.begun.step) // self.steps_per_epoch

    def ends_epoch(self, step: int) -> bool:
        """Says whether an epoch of these rows ends with the `step`-th step."""
        taken = step - self.begun.step
        return taken > 0 and taken % self.steps_per_epoch == 0

    def last_step(self, epochs: int) -> int:
        """Returns the number of steps after which `epochs` epochs are finished."""
        left = max(0, epochs - self.begun.epoch)
        return self.begun.step + left * self.steps_per_epoch

    def positions(self, step: int) -> np.ndarray:
        """Returns the catalogue's positions in the batch of a step, int64 [B]."""
        rows = rows_of_step(
            tf.constant(step, tf.int64),
            len(self.split["train"]),
            self.batch_size,
            self.seed,
            self.begun,
        )
        return self.split["train"][rows.numpy()]

    def training(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """Returns the batches of the steps from `first_step` to before `last_step`."""
        train = _on_host(self.split["train"], tf.int64)
        rows = len(self.split["train"])

        def batch(step: tf.Tensor) -> dict:
            chosen = rows_of_step(step, rows, self.batch_size, self.seed, self.begun)
            return self._batch(tf.gather(train, chosen), step)

        steps = tf.data.Dataset.range(first_step, last_step)
        return _ahead(steps.map(batch, tf.data.AUTOTUNE, deterministic=True))

    def shares(self, first_step: int, replicas: int, mine: range) -> tf.data.Dataset:
        """Returns parts of the batches of the steps from `first_step` on, without end.

        Args:
            first_step: from 0.
            replicas: how many share a batch; `batch_size` is a multiple of it.
            mine: which of them the parts are for: one after the other, step by step.
        """
        train = _on_host(self.split["train"], tf.int64)
        rows, size = len(self.split["train"]), self.batch_size // replicas

        def share(number: tf.Tensor) -> dict:
            step = first_step + number // len(mine)
            begin = size * (mine.start + number % len(mine))
            chosen = rows_of_step(step, rows, self.batch_size, self.seed, self.begun)
            return self._batch(tf.gather(train, chosen[begin : begin + size]), step)

        numbers = tf.data.Dataset.counter()
        return _ahead(numbers.map(share, tf.data.AUTOTUNE, deterministic=True))

    def evaluation(self, split: str) -> tf.data.Dataset:
        """Returns all rows of a split once, in order; the last batch may be smaller."""
        step = _on_host(NOT_TRAINING, tf.int64)
        positions = tf.data.Dataset.from_tensor_slices(self.split[split])
        batches = positions.batch(self.batch_size).map(
            lambda chosen: self._batch(chosen, step),
            tf.data.AUTOTUNE,
            deterministic=True,
        )
        return _ahead(batches)

    def _batch(self, positions: tf.Tensor, step: tf.Tensor) -> dict:
        present = {}
        if self.present is not None:
            present = {
                f"has_{name}": tf.gather(tf.constant(has), positions)
                for name, has in self.present._asdict().items()
            }
        return {
            "image": self.image(positions, step),
            "text": self.text(positions, step),
            "label": tf.gather(tf.constant(self.labels, tf.int32), positions),
            "text_id": tf.gather(tf.constant(self.text_ids, tf.int64), positions),
            **present,
        }


def _on_host(values: object, kind: tf.DType | None = None) -> tf.Tensor:
    """Makes a constant where tf.data reads it, which would stand on a GPU otherwise."""
    with tf.device("CPU:0"):
        return tf.constant(values, kind)


def _ahead(batches: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    options.autotune.ram_budget = 512 * 2**20
    return batches.with_options(options).prefetch(2)


def undecodable(catalog: Catalog, encoder: ImageEncoder) -> dict[int, str]:
    """Decodes every picture once, so that none can stop a run later.

    Returns:
        Reasons by position.
    """
    positions = np.flatnonzero(catalog.has_image)
    paths = [catalog.image_path(i) for i in positions]
    batches = (
        tf.data.Dataset.from_tensor_slices(paths)
        .map(read_picture, tf.data.AUTOTUNE)
        .batch(256)
        .map(lambda contents: encoder.prepare(contents)[1], tf.data.AUTOTUNE)
        .prefetch(2)
    )
    failed: dict[int, str] = {}
    with Progress(len(paths), "Checking pictures", unit="images") as bar:
        for valid in batches.as_numpy_iterator():
            for offset in np.flatnonzero(~valid):
                place = bar.done + int(offset)
                failed[int(positions[place])] = why_file_undecodable(paths[place])
            bar.update(len(valid))
    return failed
