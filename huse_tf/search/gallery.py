"""Answers with their pictures: one HTML file that opens offline, or a PNG."""

import base64
import io
import textwrap
from collections.abc import Sequence
from html import escape
from pathlib import Path

from huse_tf.errors import InputError
from huse_tf.replacing import replaced
from huse_tf.search.answers import has_own_id, shown_title
from huse_tf.search.index import Index, Product
from huse_tf.search.thumbnails import thumbnail

SIDE = 240  # of a picture, pixels
COLUMNS = 5  # of the PNG
CELL = 200  # characters shown of a column that is carried along
_STYLE = """
:root { color-scheme: light dark; --line: #d7dbe0; --soft: #5d6672; --card: #fff }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a424c; --soft: #a3adb8; --card: #1b2026 }
  body { background: #12161a }
}
body { font: 16px/1.45 system-ui, sans-serif; margin: 1.5rem auto; padding: 0 1rem;
  max-width: 75rem }
header { display: flex; gap: 1rem; align-items: center; margin-bottom: 1.25rem }
header img { width: 6rem; border: 1px solid var(--line); border-radius: 8px }
h1 { font-size: 1.3rem; margin: 0 } p { margin: .15rem 0 }
ol { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr));
  gap: 1rem; list-style: none; padding: 0; margin: 0 }
li { border: 1px solid var(--line); border-radius: 10px; overflow: hidden;
  background: var(--card); break-inside: avoid }
li img, .none { width: 100%; aspect-ratio: 1; display: block; background: #fff }
.none { display: grid; place-items: center; color: #5d6672 }
li div { padding: .5rem .7rem .7rem } .soft { color: var(--soft); font-size: .85rem;
  overflow-wrap: anywhere }
"""


def write_gallery(
    path: Path,
    index: Index,
    products: Sequence[Product],
    text: str | None,
    picture: bytes | None,
) -> None:
    """Writes answers with their pictures, in one piece or not at all.

    Args:
        path: FILE.html or FILE.png.
        index: that the products are from.
        products: the nearest first.
        text: the words of the query, or None.
        picture: the photo of the query, or None.

    Raises:
        InputError: a picture is not there any more, or the file cannot be written.
    """
    pictures = [
        thumbnail(index.read_picture(p.number), SIDE) if p.image else None
        for p in products
    ]
    asked = thumbnail(picture, SIDE) if picture is not None else None
    draw = _html if path.suffix.lower() == ".html" else _png
    content = draw(products, pictures, text, asked)
    try:
        with replaced(path) as beside:
            beside.write_bytes(content)
    except OSError as error:
        raise InputError(
            f"`gallery` {path}: cannot be written ({error.strerror}); name a file in a "
            "folder that is there"
        ) from error


def _html(
    products: Sequence[Product],
    pictures: Sequence[bytes | None],
    text: str | None,
    asked: bytes | None,
) -> bytes:
    title = f"“{escape(text)}”" if text else "a photo"
    cards = "\n".join(
        f"<li>{_image(content, product.title, product.image != '')}<div>"
        f"<p>{rank}. {escape(shown_title(product))}</p>"
        f'<p class="soft">{escape(product.class_name)}</p>'
        f'<p class="soft">distance {product.distance:.4f}, {_place(product)}</p>'
        f"{_matched(product)}{_columns(product)}"
        "</div></li>"
        for rank, (product, content) in enumerate(
            zip(products, pictures, strict=True), 1
        )
    )
    query = _image(asked, "the photo") if asked else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{_STYLE}</style></head><body>
<header>{query}<div><h1>{title}</h1>
<p class="soft">{len(products)} products</p></div></header>
<ol>
{cards}
</ol></body></html>
""".encode()


def _place(product: Product) -> str:
    own = f"id {escape(product.id)}, " if has_own_id(product) else ""
    return f"{own}row {product.row}"


def _columns(product: Product) -> str:
    return "".join(
        f'<p class="soft">{escape(name)}: {escape(cell[:CELL])}</p>'
        for name, cell in product.columns.items()
    )


def _matched(product: Product) -> str:
    if not product.matched:
        return ""
    return f'<p class="soft">in its title: {escape(", ".join(product.matched))}</p>'


def _image(content: bytes | None, title: str, has_any: bool = True) -> str:
    if content is None:
        why = "picture cannot be decoded" if has_any else "no picture"
        return f'<div class="none">{why}</div>'
    data = base64.b64encode(content).decode("ascii")
    return f'<img alt="{escape(title)}" src="data:image/jpeg;base64,{data}">'


def _png(
    products: Sequence[Product],
    pictures: Sequence[bytes | None],
    text: str | None,
    asked: bytes | None,
) -> bytes:
    import tensorflow as tf
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    cells = [
        (
            content,
            f"{rank}. {shown_title(product)}\n",
            f"distance {product.distance:.4f}",
        )
        for rank, (product, content) in enumerate(
            zip(products, pictures, strict=True), 1
        )
    ]
    if asked is not None:
        cells.insert(0, (asked, "the photo", ""))
    rows = -(-len(cells) // COLUMNS)
    figure = Figure(figsize=(2.4 * COLUMNS, 3.3 * rows + 0.5), layout="constrained")
    figure.suptitle(f"“{text}”" if text else "a photo", parse_math=False)
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axis in axes:
        axis.axis("off")
    for axis, (content, title, below) in zip(axes, cells, strict=False):
        if content is not None:
            axis.imshow(tf.io.decode_jpeg(content).numpy())
        lines = textwrap.wrap(title, 26, max_lines=2, placeholder=" …")
        axis.set_title("\n".join([*lines, below]), fontsize=9, parse_math=False)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()
