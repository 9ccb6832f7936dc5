"""Matplotlib figures as SVG that takes its ink and paper from the page."""

import io
import re
import warnings

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from huse_tf.reports.html import Html

# Stand-ins, replaced in the SVG by what the page's style says, so that a dark page has
# light text.
INK, PAPER, LINE = "#010203", "#fdfeff", "#d0d1d3"
_THEME = {INK: "currentColor", PAPER: "var(--paper)", LINE: "var(--line)"}
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "huse_tf",
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "axes.titlesize": 10,
    "font.size": 9,
}
SERIES = ("#2f74c0", "#e0821f", "#2f9e6b", "#b9529f")  # told apart on white and black


def style() -> matplotlib.rc_context:
    """Returns the context in which figures are made and rendered."""
    return matplotlib.rc_context(_STYLE)


def panel(width: float, height: float, **options: object) -> tuple[Figure, Axes]:
    """Makes a figure with one pair of axes; to be called within `style`.

    Args:
        width: in inches.
        height: in inches.
        options: of `Figure.subplots`.
    """
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="none")
    return figure, figure.subplots(**options)


def svg(figure: Figure, name: str, what: str) -> Html:
    """Renders a figure as inline SVG; to be called within `style`.

    Args:
        figure: drawn in INK on PAPER.
        name: unique on the page, of lower-case letters and dashes.
        what: the alternative text.
    """
    stream = io.StringIO()
    with warnings.catch_warnings():
        # The browser brings the glyphs that matplotlib's font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(
            stream,
            format="svg",
            bbox_inches="tight",
            metadata={"Date": None, "Creator": None},
        )
    text = stream.getvalue()
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    for stand_in, themed in _THEME.items():
        text = text.replace(stand_in, themed)
    text = re.sub(
        r"(<svg)\b", rf'\1 role="img" aria-label="{Html(what)}"', text, count=1
    )
    return Html(text)
