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

from huse_tf.reports import words
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


def test_words_that_no_title_has_are_not_asked_for(page, answers):
    assert not answers.queries and "No class has a word that at least 10" in page


@pytest.fixture(scope="module")
def asked():
    """24 products a class: half are red; a model that knows the class alone."""
    titles = [f"{'red' if i % 2 else 'plain'} no {i}" for i in range(3 * 24)]
    pictures = sorted(EXAMPLE.glob("*.jpg"))[:5]
    return make_answers(class_names(3, 1, 1), 24, pictures, texts=titles)


def test_the_best_and_worst_queries_are_shown_with_their_products(asked):
    page = Reader(render(asked))
    assert not page.problems and not page.open
    kinds = sorted(
        f"{word} leaf {a}.0.0" for word in ("plain", "red") for a in range(3)
    )
    assert sorted(asked.queries.texts) == kinds
    shown = [text for name, text in page.texts if name == "q"]
    assert all(shown.count(query) == 1 for query in kinds), "3 worst and 3 best"
    found = words.find(asked)
    # every product found is of the query's class, so P@10 of red and plain add up to 1
    by_query = dict(zip(asked.queries.texts, found.precision, strict=True))
    for a in range(3):
        both = by_query[f"plain leaf {a}.0.0"] + by_query[f"red leaf {a}.0.0"]
        assert both == pytest.approx(1)
    worst = min(by_query, key=by_query.get)
    texts = [text for _, text in page.texts]
    place = texts.index(worst)
    assert texts[place + 1] == f"P@10 {by_query[worst]:.1f}, by chance 0.50"
    assert texts.index("the 3 worst") < place < texts.index("the 3 best")
    mean = f"{asked.metrics['words_to_product_P@10']:.4f}"
    assert asked.metrics["words_to_product_P@10"] == pytest.approx(
        np.mean([*by_query.values()])
    )
    assert mean in texts


def test_of_equal_queries_the_rarer_word_is_the_better():
    right = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], bool)
    found = words.FoundByWords(
        np.zeros((4, 2), int), right, np.array([0.1, 0.4, 0.2, 0.2])
    )
    assert words.extremes(found)["worst"].tolist() == [3, 1]
    assert words.extremes(found)["best"].tolist() == [2, 0]


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
