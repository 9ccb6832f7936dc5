"""HTML as strings: everything that is not `Html` is escaped."""

import html
import importlib.resources
import re
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"[-\d.,%:–]*")


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def escape(value: object) -> Html:
    """Makes any value safe as content or attribute; `Html` stays as it is."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def tag(name: str, *content: object, **attributes: object) -> Html:
    """Builds one element.

    Args:
        name: of the element.
        content: strings to be escaped, or `Html`.
        attributes: by name; `_` stands for `-`, a `_` at the end is dropped (`class_`),
            None leaves the attribute out.
    """
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{shown}>{''.join(map(escape, content))}</{name}>")


def image(uri: str, what: str) -> Html:
    """Builds a picture from a data URI, with its alternative text."""
    return Html(f'<img src="{html.escape(uri)}" alt="{html.escape(what)}">')


def paragraph(*content: object) -> Html:
    """Builds a paragraph."""
    return tag("p", *content)


def number(value: float | int | None, digits: int = 4) -> str:
    """Formats a number for a table cell; nothing to show is a dash."""
    if value is None or value != value:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    sortable: bool = False,
    tall: bool = False,
) -> Html:
    """Builds a table; numbers align right, and everything in the first column left.

    Args:
        head: names of the columns; without any, the table has no head.
        rows: cells: text, `Html`, numbers as `number` formats them.
        sortable: whether a click on a column's name sorts by it.
        tall: whether it may be long, so that the screen shows it in a box.
    """
    rows = [[escape(cell) for cell in cells] for cells in rows]
    kinds = [
        None if all(_NUMBER.fullmatch(cells[i]) for cells in rows) else "text"
        for i in range(len(head) or max(map(len, rows), default=0))
    ]
    names = [
        tag("th", tag("button", n, type="button") if sortable else n, class_=kind)
        for n, kind in zip(head, kinds, strict=False)
    ]
    body = [
        tag(
            "tr",
            tag("th", cells[0], scope="row"),
            *(
                tag("td", cell, class_=kind)
                for cell, kind in zip(cells[1:], kinds[1:], strict=True)
            ),
        )
        for cells in rows
    ]
    inner = tag(
        "table",
        tag("thead", tag("tr", *names)) if head else "",
        tag("tbody", *body),
        class_="sortable" if sortable else None,
    )
    return tag("div", inner, class_="scroll tall" if tall else "scroll")


def figure(content: Html, *caption: object) -> Html:
    """Builds a figure with its caption."""
    return tag("figure", content, tag("figcaption", *caption))


def section(title: str, *content: object) -> Html:
    """Builds a section, which the page's contents list."""
    return tag("section", tag("h2", title), *content, id=_anchor(title))


def page(title: str, head: Html, sections: Sequence[Html]) -> str:
    """Joins the sections to one page with its style and script inside."""
    titles = [re.search("<h2>(.*?)</h2>", part).group(1) for part in sections]
    links = [tag("a", Html(name), href=f"#{_anchor(name)}") for name in titles]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"{tag('title', title)}\n<style>\n{_asset('report.css')}</style>\n</head>\n"
        f"<body>\n{tag('header', head)}\n{tag('nav', *links)}\n"
        f"<main>\n{''.join(f'{part}{chr(10)}' for part in sections)}</main>\n"
        f"<script>\n{_asset('report.js')}</script>\n</body>\n</html>\n"
    )


def _anchor(title: str) -> str:
    return re.sub("[^a-z]+", "-", html.unescape(title).lower()).strip("-")


def _asset(name: str) -> str:
    return importlib.resources.files(__package__).joinpath(name).read_text("utf-8")
