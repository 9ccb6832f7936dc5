"""Files for TensorBoard's projector: vectors, what they are, and their pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tensorboard.plugins.projector import ProjectorConfig

from huse_tf.replacing import replaced
from huse_tf.reports.class_tree import ClassTree

TILE = 64  # pixels, side of a picture in the sprite: half of a grid's
VECTORS, METADATA, SPRITE = "universal_space.bytes", "metadata.tsv", "sprite.png"
CONFIG = "projector_config.pbtxt"  # TensorBoard looks for this name


def write_products(
    folder: Path,
    tree: ClassTree,
    labels: np.ndarray,
    titles: Sequence[str],
    photos: np.ndarray,
    with_image: np.ndarray,
    with_text: np.ndarray,
) -> None:
    """Writes what stays the same: metadata and sprite of a images, then b texts.

    Args:
        folder: of a TensorBoard run.
        tree: the classes.
        labels: int [m].
        titles: [m].
        photos: uint8 [a, TILE, TILE, 3].
        with_image: int64 [a], the products that have an image.
        with_text: int64 [b], the products that have a text.
    """
    lines = ["class\tbranch\ttitle\tmodality"]
    for modality, rows in (("image", with_image), ("text", with_text)):
        for row in rows.tolist():
            label = labels[row]
            cells = (tree.full(label), tree.paths[label][0], titles[row], modality)
            # a tab or a line break would begin another cell or row
            lines.append("\t".join(" ".join(cell.split()) or "-" for cell in cells))
    _replace(folder / METADATA, ("\n".join(lines) + "\n").encode(errors="replace"))
    initials = initial_tiles(tree)[labels[with_text]]
    sheet = sprite(np.concatenate([photos, initials]))
    _replace(folder / SPRITE, tf.io.encode_png(sheet).numpy())


def write_vectors(folder: Path, vectors: np.ndarray) -> None:
    """Writes the vectors of a moment and the projector's config.

    Args:
        folder: as in `write_products`.
        vectors: float [a + b, D], in the order of the metadata's rows.
    """
    _replace(folder / VECTORS, vectors.astype("<f4").tobytes())
    config = ProjectorConfig()
    entry = config.embeddings.add()
    entry.tensor_name = "universal space"
    entry.tensor_path = VECTORS
    entry.tensor_shape.extend(vectors.shape)
    entry.metadata_path = METADATA
    entry.sprite.image_path = SPRITE
    entry.sprite.single_image_dim.extend([TILE, TILE])
    _replace(folder / CONFIG, text_format.MessageToString(config).encode())


def sprite(tiles: np.ndarray) -> np.ndarray:
    """Lays tiles out row by row on a square sheet.

    Args:
        tiles: uint8 [n, side, side, 3].

    Returns:
        uint8 [s * side, s * side, 3], s the root of n rounded up; white where empty.
    """
    side, per_row = tiles.shape[1], int(np.ceil(np.sqrt(len(tiles))))
    sheet = np.full([per_row**2, side, side, 3], 255, np.uint8)
    sheet[: len(tiles)] = tiles
    sheet = sheet.reshape(per_row, per_row, side, side, 3)
    return sheet.swapaxes(1, 2).reshape(per_row * side, per_row * side, 3)


def halved(photos: np.ndarray) -> np.ndarray:
    """Shrinks photos uint8 [m, 2s, 2s, 3] to uint8 [m, s, s, 3], four pixels to one."""
    m, side = photos.shape[:2]
    quads = photos.reshape(m, side // 2, 2, side // 2, 2, 3)
    return quads.mean(axis=(2, 4)).astype(np.uint8)


def initial_tiles(tree: ClassTree) -> np.ndarray:
    """Draws a tile for each class: the initial of its name on its colour.

    Returns:
        uint8 [K, TILE, TILE, 3].
    """
    figure = Figure(figsize=(1, 1), dpi=TILE)
    canvas = FigureCanvasAgg(figure)
    glyph = figure.text(
        0.5, 0.46, "", ha="center", va="center", fontsize=30, color="white"
    )
    glyph.set_parse_math(False)
    tiles = np.empty([len(tree.names), TILE, TILE, 3], np.uint8)
    for label, colour in enumerate(tree.colours):
        figure.set_facecolor(colour)
        glyph.set_text(tree.leaf(label)[:1].upper())
        canvas.draw()
        tiles[label] = np.asarray(canvas.buffer_rgba())[..., :3]
    return tiles


def _replace(path: Path, content: bytes) -> None:
    with replaced(path) as beside:
        beside.write_bytes(content)
