"""Queries with their nearest items as one picture."""

import textwrap
import warnings
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tensorboard.plugins.image import metadata

PHOTO = 128  # pixels, side
CELL = (152, 176)  # pixels, width and height, frame and class name included
FRAME = 5  # pixels
GREY, GREEN, RED = (120, 126, 135), (23, 130, 68), (200, 48, 42)
_DPI = 100


def grid(
    cards: Sequence[Sequence[np.ndarray | str]],
    labels: np.ndarray,
    class_names: Sequence[str],
) -> np.ndarray:
    """Draws one row a query: itself, framed grey, and what it finds, green or red.

    Args:
        cards: [q][1 + k], photos uint8 [PHOTO, PHOTO, 3] or titles; the query first.
        labels: int [q, 1 + k], the classes; one as the query's is green.
        class_names: [K], as shown below each card.

    Returns:
        uint8 [q * height, (1 + k) * width, 3].
    """
    count, across = labels.shape
    width, height = CELL
    canvas = np.full([count * height, across * width, 3], 255, np.uint8)
    written = []
    for i, j in np.ndindex(count, across):
        top, left = i * height, j * width
        colour = GREY if j == 0 else GREEN if labels[i, j] == labels[i, 0] else RED
        canvas[top + 2 : top + height - 2, left + 2 : left + width - 2] = colour
        inner = 2 + FRAME
        paper = canvas[
            top + inner : top + height - inner, left + inner : left + width - inner
        ]
        paper[:] = 255
        middle, foot = left + width / 2, top + inner + 6 + PHOTO + 2
        card = cards[i][j]
        if isinstance(card, str):
            lines = textwrap.wrap(card, 19)[:7] or [""]
            written.append((middle, top + inner + 6 + PHOTO / 2, "\n".join(lines), 9))
        else:
            edge = (paper.shape[1] - PHOTO) // 2
            paper[6 : 6 + PHOTO, edge : edge + PHOTO] = card
        name = class_names[labels[i, j]]
        written.append((middle, foot + 9, textwrap.shorten(name, 22), 8))
    return _with_text(canvas, written)


def write(tag: str, picture: np.ndarray) -> None:
    """Writes a picture to the default writer as JPEG, a fifth of the PNG's size.

    Args:
        tag: of the summary.
        picture: uint8 [height, width, 3].
    """
    height, width = picture.shape[:2]
    encoded = tf.io.encode_jpeg(picture, quality=90).numpy()
    about = metadata.create_summary_metadata(
        display_name="",
        description="Query (grey), and its nearest: green is its class, red another.",
    )
    sizes = [str(width).encode(), str(height).encode()]
    tf.summary.write(tag, tf.constant([*sizes, encoded]), metadata=about)


def _with_text(canvas: np.ndarray, written: list[tuple]) -> np.ndarray:
    """Writes lines (x, y, text, size), centred, in pixels from the top left."""
    height, width = canvas.shape[:2]
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="none")
    agg = FigureCanvasAgg(figure)
    for x, y, text, size in written:
        figure.text(
            x / width,
            1 - y / height,
            text,
            ha="center",
            va="center",
            fontsize=size,
            parse_math=False,
        )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        agg.draw()
    # black text over the photos: what is left of them is what the text lets through
    through = 255 - np.asarray(agg.buffer_rgba())[..., 3:].astype(np.uint16)
    return (canvas * through // 255).astype(np.uint8)
