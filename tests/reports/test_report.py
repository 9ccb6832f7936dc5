"""The page as a whole: well-formed, closed in itself, safe, and with the numbers."""

import dataclasses
import html.parser
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from made_up import class_names, make_answers, rejected_row

from huse_tf.reports.report import render, write_report

EXAMPLE = Path(__file__).parents[2] / "data" / "example" / "images"
VOID = {"meta", "img", "br", "link", "input", "hr"}
EVIL = '<script>alert("title")</script>'


class Reader(html.parser.HTMLParser):
    """Follows the nesting of elements and collects attributes and texts."""

    def __init__(self, page):
        super().__init__()
        self.open, self.attributes, self.texts, self.problems = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, name, attributes):
        self.attributes += attributes
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.attributes += attributes

    def handle_endtag(self, name):
        if not self.open or self.open.pop() != name:
            self.problems.append(name)

    def handle_data(self, text):
        self.texts.append((self.open[-1] if self.open else "", text))

    def values(self, *names):
        return [value for name, value in self.attributes if name in names]


@pytest.fixture(scope="module")
def answers():
    names = [*class_names(2, 2, 1), 'odd $1 & <"class">', "$2 more"]
    made = make_answers(
        names,
        4,
        [*sorted(EXAMPLE.glob("*.jpg"))[:5], "no/such/picture.jpg"],
        rejected=[rejected_row("missing file", text=EVIL)],
    )
    return dataclasses.replace(made, texts=[EVIL, *made.texts[1:]], name=EVIL)


@pytest.fixture(scope="module")
def page(answers):
    return render(answers)


@pytest.fixture(scope="module")
def reader(page):
    return Reader(page)


def test_elements_are_nested_and_closed(reader):
    assert not reader.problems and not reader.open


def test_it_refers_to_nothing_outside(page, reader):
    targets = reader.values("src", "href", "xlink:href", "data", "action", "srcset")
    assert targets and all(t.startswith(("data:image/", "#")) for t in targets)
    assert all(inner.startswith("#") for inner in re.findall(r"url\((.*?)\)", page))
    assert "@import" not in page and "http" not in page


def test_every_id_is_unique_and_every_reference_has_its_target(reader):
    ids = reader.values("id")
    assert len(ids) == len(set(ids))
    targets = reader.values("href")
    assert {t[1:] for t in targets if t.startswith("#")} <= set(ids)


def test_titles_are_escaped(page, reader):
    assert page.count("<script") == 1
    assert EVIL in {text for _, text in reader.texts}


def test_it_shows_every_metric(page, answers):
    for name, value in answers.metrics.items():
        shown = f"{value:,.1f}" if name.endswith("rank") else f"{value:,.4f}"
        assert name == "n" or f">{shown}<" in page, name


def test_drawings_take_the_colour_of_the_page(page):
    assert "currentColor" in page and "var(--paper)" in page
    assert "#010203" not in page and "#fdfeff" not in page


def test_it_is_written_whole_and_leaves_nothing_beside(answers, tmp_path):
    (tmp_path / "report.html").write_text("older")
    write_report(tmp_path / "report.html", answers)
    assert (tmp_path / "report.html").read_text().endswith("</html>\n")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_without_a_classifier_the_nearest_centre_tells_the_class(answers):
    without = dataclasses.replace(
        answers,
        classified={},
        metrics={n: v for n, v in answers.metrics.items() if "accuracy" not in n},
    )
    assert "the class of the nearest centre" in render(without)
    scores = (
        without.image_embedding + without.text_embedding
    ) @ without.centres.T.astype(np.float32)
    assert np.array_equal(without.told, scores.argmax(axis=1))


def test_a_click_sorts_the_classes(page, tmp_path):
    browser = shutil.which("chromium")
    if not browser:
        pytest.skip("Chromium is not installed")
    click = (
        "<script>const b = document.querySelectorAll('.sortable thead button');"
        "b[1].click(); b[0].click(); b[0].click();</script></body>"
    )
    file = tmp_path / "page.html"
    file.write_text(page.replace("</body>", click), encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--disable-background-networking", "--no-first-run"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", file.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    part = shown[shown.index('class="sortable"') :]
    names = re.findall('<th scope="row">(.*?)</th>', part[: part.index("</table>")])
    assert len(names) == 6 and names == sorted(names, reverse=True)
