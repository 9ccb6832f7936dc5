"""The page's addresses, asked without a browser."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from small_runs import EXAMPLE, PRODUCTS, products

pytest.importorskip("flask")

from huse_tf.encoders.images import decode, headers  # noqa: E402
from huse_tf.page.app import (  # noqa: E402
    LARGEST_REQUEST,
    LARGEST_TEXT,
    PICTURE_SIDE,
    make_app,
)
from huse_tf.page.explorer import Explorer, class_tree  # noqa: E402


@pytest.fixture(scope="module")
def explorer(small_run):
    from huse_tf.run.restore import restore_run
    from huse_tf.search.build import open_index

    trained = restore_run(small_run)
    return Explorer(trained, open_index(trained))


@pytest.fixture
def client(explorer):
    return make_app(explorer).test_client()


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://localhost", 200),
        ("http://localhost:8000", 403),
        ("https://localhost", 403),
        ("https://shop.example", 403),
        ("http://localhost.shop.example", 403),
        ("null", 403),
    ],
)
def test_a_request_of_another_page_is_refused_by_its_origin(client, origin, status):
    """Browsers without Sec-Fetch-Site send an Origin with every POST."""
    named = {} if origin is None else {"Origin": origin}
    answer = client.post("/api/search", data={"text": "bag"}, headers=named)
    assert answer.status_code == status
    assert ("error" in answer.get_json()) == (status == 403)


def search(client, **form):
    return client.post("/api/search", data=form, content_type="multipart/form-data")


def test_search_by_words_and_by_photo(client):
    row = products()[9]
    answer = search(client, text=row["text"], kind="texts", k=3).get_json()
    assert len(answer["results"]) == 3
    first = answer["results"][0]
    assert (first["title"], first["class"]) == (row["text"], row["class"])
    assert first["distance"] == pytest.approx(0, abs=1e-4)
    photo = (EXAMPLE / "images" / row["image"]).read_bytes()
    answer = search(client, photo=(io.BytesIO(photo), "p.jpg"), kind="images")
    assert answer.get_json()["results"][0]["image"] == row["image"]


def test_why_a_product_was_found(client):
    row = products()[9]
    for match in ("both", "words"):
        answer = search(client, text=row["text"], match=match).get_json()
        first = answer["results"][0]
        assert (answer["match"], answer["note"]) == (match, None)
        assert first["words_rank"] == 1 and answer["unknown_words"] == []
        words = row["text"].lower().replace(",", " ").split()
        assert first["matched"] and set(first["matched"]) <= set(words)
    answer = search(client, text=row["text"], match="vectors").get_json()
    assert {r["words_rank"] for r in answer["results"]} == {None}
    places = [r["vector_rank"] for r in answer["results"]]
    assert places == list(range(1, len(places) + 1))


def test_a_query_of_which_nothing_is_known(client):
    answer = search(client, text="qwzx").get_json()
    assert answer["results"] == [] and answer["unknown_words"] == ["qwzx"]
    assert answer["note"] == (
        "no title has any of these words, and the text encoder knows none of these "
        "words: nothing is found"
    )
    assert search(client, text="qwzx", match="words").get_json()["results"] == []


def test_a_branch_filters(client, explorer):
    name = explorer.index.class_names[2]
    results = search(client, text="red", branch=name).get_json()["results"]
    assert [r["class"] for r in results] == [name] * PRODUCTS


@pytest.mark.parametrize(
    ("form", "status", "message"),
    [
        ({}, 400, "nothing to search for"),
        ({"text": "  "}, 400, "nothing to search for"),
        ({"text": "x" * (LARGEST_TEXT + 1)}, 400, "the text is too long"),
        ({"text": "red", "kind": "rows"}, 400, "kind: expected one of"),
        ({"text": "red", "match": "any"}, 400, "`match`: expected one of both"),
        ({"match": "words"}, 400, "`match` words compares words alone"),
        ({"text": "red", "branch": "nowhere"}, 400, "class 'nowhere'"),
        ({"photo": (io.BytesIO(b"<svg/>"), "a.svg")}, 400, "cannot be decoded"),
        ({"photo": (io.BytesIO(b""), "a.jpg")}, 400, "cannot be decoded"),
    ],
)
def test_what_is_refused(client, form, status, message):
    answer = search(client, **form)
    assert answer.status_code == status
    assert message in answer.get_json()["error"]


def test_a_request_that_is_too_large_is_not_read(client):
    answer = client.post(
        "/api/search",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(LARGEST_REQUEST + 1)},
    )
    assert answer.status_code == 413
    assert "exceeds the capacity limit" in answer.get_json()["error"]


def test_a_request_for_many_is_cut_to_what_there_is(client):
    results = search(client, text="red", k=10**9).get_json()["results"]
    assert len(results) == len(products())
    assert len(search(client, text="red", k=-5).get_json()["results"]) == 1


def test_the_class_tree_counts(explorer):
    def leaves(nodes):
        for node in nodes:
            assert (
                node["count"] == sum(n["count"] for n in node["below"])
                or not (node["below"])
            )
            yield from leaves(node["below"]) if node["below"] else [node]

    tree = class_tree(explorer.index)
    assert {n["path"] for n in leaves(tree)} == set(explorer.index.class_names)
    assert sum(node["count"] for node in tree) == len(products())


def test_why_a_product_has_its_neighbours(client, explorer):
    answer = client.get("/api/product/5").get_json()
    vectors = explorer.index.vectors
    assert answer["product"]["title"] == products()[5]["text"]
    gap = 1 - vectors["images"][5] @ vectors["texts"][5]
    assert answer["gap"] == pytest.approx(float(gap), abs=1e-5)
    for modality, kind in (("image", "images"), ("text", "texts")):
        found = answer["neighbours"][modality]
        own = [n[f"{modality}_distance"] for n in found]
        assert own == sorted(own) and 5 not in [n["number"] for n in found]
        numbers = [n["number"] for n in found]
        expected = np.maximum(1 - vectors[kind][numbers] @ vectors[kind][5], 0)
        assert own == pytest.approx(expected, abs=1e-5)
    for classes in answer["classes"].values():
        shares = [c["probability"] for c in classes]
        assert shares == sorted(shares, reverse=True) and sum(shares) <= 1.0001


def test_pictures_come_by_number_and_re_encoded(client, explorer, monkeypatch):
    answer = client.get("/picture/0")
    assert answer.mimetype == "image/jpeg" and answer.data[:2] == b"\xff\xd8"
    assert answer.data != explorer.index.read_picture(0)
    for path in (
        f"/picture/{len(products())}",
        "/picture/-1",
        "/picture/../config.ini",
    ):
        assert client.get(path).status_code == 404
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/config.ini"):
        assert client.get(path).status_code == 404
    assert client.get(f"/api/product/{len(products())}").status_code == 404
    monkeypatch.setattr(explorer.index, "read_picture", lambda number: b"broken")
    assert client.get("/picture/0").status_code == 404


def test_a_page_of_pictures_at_once_traces_nothing(explorer):
    app = make_app(explorer)
    traced = decode._batch_function(PICTURE_SIDE, headers.MAX_PIXELS)
    before = traced.experimental_get_tracing_count()
    made = decode._batch_function.cache_info().misses
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(
            lambda number: app.test_client().get(f"/picture/{number}"), range(24)
        )
        assert all(answer.status_code == 200 for answer in answers)
    assert traced.experimental_get_tracing_count() == before == 1
    assert decode._batch_function.cache_info().misses == made


def test_headers_and_other_sites(client):
    with client.get("/") as answer:
        assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    # a name that another site points at this machine
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/api/product/0", headers=elsewhere).status_code == 403


def test_nothing_on_the_page_comes_from_elsewhere(client):
    for name in ("", "static/page.css", "static/page.js"):
        with client.get(f"/{name}") as answer:
            text = answer.get_data(as_text=True)
        assert "http://" not in text and "https://" not in text, name
