"""From a trained run to report.html."""

import os
from pathlib import Path

from huse_tf.replacing import replaced
from huse_tf.reports import confusion, queries, suspects, tables, words
from huse_tf.reports.answers import Answers
from huse_tf.reports.curves import curves
from huse_tf.reports.graph import class_graph
from huse_tf.reports.html import page, paragraph, tag
from huse_tf.reports.space import space
from huse_tf.reports.thumbnails import Thumbnails


def write_report(path: str | os.PathLike[str], answers: Answers) -> None:
    """Writes the report, whole or not at all.

    Args:
        path: the HTML file; an older one is replaced.
        answers: what it is about.
    """
    with replaced(Path(path)) as beside:
        beside.write_text(render(answers), encoding="utf-8", errors="replace")


def render(answers: Answers) -> str:
    """Returns the report as one HTML page that refers to nothing outside of it."""
    searches = queries.find_both(answers)
    by_words = words.find(answers)
    rows = {*queries.shown_rows(searches).tolist()}
    rows |= {*words.shown_rows(by_words).tolist()}
    rows |= {*confusion.shown_rows(answers).tolist()}
    paths = (answers.images[row] for row in rows)
    of_suspects = suspects.pictures(answers.suspects)
    thumbnails = Thumbnails([*filter(None, paths), *of_suspects])
    meta = answers.meta
    trained = f" by the weights of epoch {meta['epoch']}" if "epoch" in meta else ""
    head = tag(
        "div",
        tag("h1", answers.name),
        paragraph(
            f"HUSE run: {len(answers):,} {meta['split']} products in "
            f"{len(answers.tree.names):,} classes{trained}."
        ),
    )
    sections = [
        tables.metrics(answers),
        curves(answers),
        space(answers),
        class_graph(answers),
        confusion.confusion(answers, thumbnails),
        queries.queries(answers, searches, thumbnails),
        words.word_search(answers, by_words, thumbnails),
        confusion.classes(answers),
        suspects.suspects(answers.suspects, thumbnails),
        tables.rejected(answers),
        tables.about(answers),
    ]
    return page(f"{answers.name}: HUSE report", head, sections)
