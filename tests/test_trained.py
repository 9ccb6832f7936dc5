"""A loaded run: embeddings, classes and products, row by row."""

import dataclasses
import shutil
import sys

import numpy as np
import pytest
import tensorflow as tf
from small_runs import EXAMPLE, products

import huse_tf
from huse_tf.errors import InputError
from huse_tf.run.restore import restore_run
from huse_tf.search.build import open_index
from huse_tf.trained import Trained

ROWS = products()
TEXTS = [row["text"] for row in ROWS]
PATHS = [EXAMPLE / "images" / row["image"] for row in ROWS]
TIFF = b"II*\0" + bytes(60)


@pytest.fixture(scope="module")
def run(small_run):
    return restore_run(small_run)


@pytest.fixture(scope="module")
def trained(small_run):
    return huse_tf.load(str(small_run))


@pytest.fixture(scope="module")
def naive(run):
    """The model asked about all products in one piece, encoder by encoder."""
    pixels, _ = run.image_encoder.prepare(tf.constant([p.read_bytes() for p in PATHS]))
    prepared = run.text_encoder.prepare(tf.constant(TEXTS))
    features = {
        "image": run.image_encoder(pixels),
        "text": run.text_encoder(prepared),
    }
    outputs = run.model.network(features, training=False)
    return {name: values.numpy() for name, values in outputs.items()}


def softmax(logits):
    shares = np.exp(logits.astype(np.float64))
    return shares / shares.sum(axis=1, keepdims=True)


def test_either_modality_is_embedded_as_the_model_does(trained, naive):
    vectors = trained.embed(texts=TEXTS)
    assert vectors.dtype == np.float32 and vectors.shape == (len(ROWS), 16)
    assert vectors == pytest.approx(naive["text_embedding"], abs=1e-5)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(ROWS)))
    vectors = trained.embed(images=PATHS)
    assert vectors == pytest.approx(naive["image_embedding"], abs=1e-5)


def test_paths_strings_and_contents_are_the_same_pictures(trained):
    forms = [PATHS[0], str(PATHS[0]), PATHS[0].read_bytes()]
    vectors = trained.embed(images=forms)
    assert vectors[1:] == pytest.approx(np.repeat(vectors[:1], 2, axis=0), abs=1e-6)


def test_both_modalities_are_one_vector_a_product(trained, naive):
    weight = trained.fusion_weight
    both = weight * naive["image_embedding"] + (1 - weight) * naive["text_embedding"]
    both /= np.linalg.norm(both, axis=1, keepdims=True)
    vectors = trained.embed(texts=TEXTS, images=PATHS)
    assert vectors == pytest.approx(both, abs=1e-5)


def test_a_product_may_lack_its_picture_or_its_text(trained):
    images, texts = [None, b"", PATHS[2], PATHS[3]], [*TEXTS[:2], "", " "]
    vectors = trained.embed(images=images, texts=texts)
    expected = [*trained.embed(texts=TEXTS[:2]), *trained.embed(images=PATHS[2:4])]
    assert vectors == pytest.approx(np.array(expected), abs=1e-6)
    found = trained.classify(images=images, texts=texts)
    for row, alone in ((0, {"texts": TEXTS[:1]}), (3, {"images": PATHS[3:4]})):
        (expected,) = trained.classify(**alone)
        assert [x["class"] for x in found[row]] == [x["class"] for x in expected]
        assert [x["probability"] for x in found[row]] == pytest.approx(
            [x["probability"] for x in expected], abs=1e-6
        )


def test_batches_are_bounded_and_change_nothing(run, trained, monkeypatch):
    features = dataclasses.replace(run.config.features, batch_size=5)
    config = dataclasses.replace(run.config, features=features)
    small = Trained(dataclasses.replace(run, config=config))
    sizes, embed = [], small._embedder.embed
    monkeypatch.setattr(
        small._embedder,
        "embed",
        lambda images, texts: sizes.append(len(texts)) or embed(images, texts),
    )
    vectors = small.embed(texts=iter(TEXTS), images=iter(PATHS))
    assert sizes == [5, 5, 5, 5, 4]
    whole = trained.embed(texts=TEXTS, images=PATHS)
    assert vectors == pytest.approx(whole, abs=1e-5)
    with pytest.raises(InputError, match=r": texts\[6\]: .*; texts\[11\]: the text is"):
        small.embed(texts=[*TEXTS[:6], "", *TEXTS[7:11], " "])


def test_no_rows_give_none(trained):
    assert trained.embed(texts=[]).shape == (0, 16)
    assert trained.classify(images=[]) == []


def test_all_rows_that_cannot_be_used_are_named(trained, tmp_path):
    images = [PATHS[0], TIFF, tmp_path / "gone.jpg", b"", PATHS[1]]
    with pytest.raises(InputError) as caught:
        trained.embed(images=images, texts=["a", "b", "c", " \n", "e"])
    assert str(caught.value) == (
        "3 of the pictures and texts cannot be used: "
        "images[1]: undecodable picture: TIFF damaged, of a rare kind or over "
        "67,108,864 pixels; "
        f"images[2] ({tmp_path / 'gone.jpg'}): cannot be read: No such file or "
        "directory; images[3]: there is neither a picture nor a text; "
        'leave them out, or pass on_error="blank"'
    )


def test_blank_rows_are_nan_and_have_no_classes(trained):
    images = [PATHS[0], TIFF, PATHS[2]]
    vectors = trained.embed(images=images, on_error="blank")
    assert np.isnan(vectors).all(axis=1).tolist() == [False, True, False]
    assert vectors[[0, 2]] == pytest.approx(trained.embed(images=images[::2]), abs=1e-6)
    pictures, texts = [None, TIFF, PATHS[2]], ["", TEXTS[1], TEXTS[2]]
    both = trained.embed(images=pictures, texts=texts, on_error="blank")
    assert np.isnan(both).all(axis=1).tolist() == [True, True, False]
    classes = trained.classify(images=images, on_error="blank")
    assert [len(row) for row in classes] == [4, 0, 4]


def test_classes_are_the_models(trained, run, naive):
    image, text = softmax(naive["image_logits"]), softmax(naive["text_logits"])
    weight = trained.fusion_weight
    for given, expected in (
        ({"images": PATHS}, image),
        ({"texts": TEXTS}, text),
        ({"images": PATHS, "texts": TEXTS}, weight * image + (1 - weight) * text),
    ):
        for row, shares in zip(trained.classify(**given), expected, strict=True):
            found = {answer["class"]: answer["probability"] for answer in row}
            assert found == pytest.approx(
                dict(zip(run.class_names, shares, strict=True)), abs=1e-5
            )
            listed = [answer["probability"] for answer in row]
            assert listed == sorted(listed, reverse=True)
    assert len(trained.classify(texts=TEXTS[:1], k=2)[0]) == 2


def test_a_run_without_a_classifier_says_so(run, monkeypatch):
    monkeypatch.setattr(run.model.objective, "classifier", "untrained")
    with pytest.raises(InputError, match="objective.name = huse trained no classifier"):
        Trained(run).classify(texts=["a"])


def test_search_answers_as_the_index_does(trained, run):
    index = open_index(run)
    for asked in (
        {"text": TEXTS[7], "image": PATHS[7]},
        {"text": TEXTS[3]},
        {"image": PATHS[9].read_bytes()},
    ):
        vector = trained.embed(
            texts=[asked["text"]] if "text" in asked else None,
            images=[asked["image"]] if "image" in asked else None,
        )[0]
        distances = np.maximum(1 - index.vectors["products"] @ vector, 0)
        found = trained.search(**asked, k=len(ROWS), match="vectors")
        assert [record["distance"] for record in found] == pytest.approx(
            np.sort(distances), abs=1e-5
        )
        for record in found:
            i = record["row"] - 2  # row 1 is the header
            assert record["distance"] == pytest.approx(distances[i], abs=1e-5)
            assert record["text"] == TEXTS[i]
            assert record["class"] == ROWS[i]["class"]
            assert record["image"] == ROWS[i]["image"]
    assert trained.search(text=TEXTS[0], k=3) == trained.search(text=TEXTS[0])[:3]


def test_search_by_words_says_why(trained):
    word = TEXTS[7].split()[0]
    having = {i + 2 for i, text in enumerate(TEXTS) if word in text.split()}
    found = trained.search(text=word, k=len(ROWS), match="words")
    assert having and having <= {record["row"] for record in found}
    assert {tuple(record["matched"]) for record in found} == {(word.lower(),)}
    assert found[0]["words_rank"] == 1 and found[0]["vector_rank"] is None
    both = trained.search(text=word, k=len(ROWS))
    places = {record["row"]: record["words_rank"] for record in both}
    assert all((place is None) != (row in having) for row, place in places.items())
    # to TF-IDF all words that are not in its titles are one
    assert trained.search(text="qwzx") == []
    with pytest.raises(InputError, match="`match`: expected one of both, vectors, wor"):
        trained.search(text="red", match="bm25")
    with pytest.raises(InputError, match="`match` words compares words alone"):
        trained.search(image=PATHS[0], match="words")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "expected `texts`, `images` or both"),
        ({"texts": "red dress"}, "`texts`: expected a list of strings. Received one s"),
        ({"images": b"\xff"}, "`images`: expected a list of paths .* one bytes"),
        ({"texts": ["a", 4.5]}, r"`texts`\[1\]: .*Received: 4.5, a float"),
        ({"images": [4]}, r"`images`\[0\]: .*Received: 4"),
        ({"images": [None]}, r"images\[0\]: there is no picture"),
        ({"texts": [" "]}, r"texts\[0\]: the text is empty"),
        ({"texts": ["a"], "images": []}, "as many of one .*Received: 1 and 0"),
        ({"texts": ["a"], "on_error": "nan"}, "`on_error`: expected raise or blank"),
    ],
)
def test_what_cannot_be_embedded(trained, arguments, message):
    with pytest.raises(InputError, match=message):
        trained.embed(**arguments)
    with pytest.raises(InputError, match=message):
        trained.classify(**arguments)


@pytest.mark.parametrize("k", [0, True, 2.5])
def test_k_is_a_number_of_answers(trained, k):
    for ask in (
        lambda: trained.classify(texts=["a"], k=k),
        lambda: trained.search(text="a", k=k),
    ):
        with pytest.raises(InputError, match="`k`: expected a whole number >= 1"):
            ask()


def test_half_a_surrogate_pair_is_a_character_like_any(trained):
    assert np.isfinite(trained.embed(texts=["red \ud83d dress"])).all()


def test_code_of_a_run_folder_is_run_only_where_it_is_allowed(
    small_run, trained, tmp_path, monkeypatch
):
    run = tmp_path / "run"
    shutil.copytree(small_run, run)
    config = run / "config.ini"
    text = config.read_text(encoding="utf-8")
    named = text.replace("\nname = huse\n", "\nname = own_terms:Terms\n")
    assert named != text
    config.write_text(named, encoding="utf-8")
    (run / "own_terms.py").write_text(
        "from huse_tf.objectives import Huse\nclass Terms(Huse):\n    pass\n"
    )
    with pytest.raises(InputError, match="own_terms:Terms.*pass `allow_code`"):
        huse_tf.load(run)
    monkeypatch.delitem(sys.modules, "own_terms", raising=False)
    loaded = huse_tf.load(run, allow_code=True)
    assert loaded.embed(texts=TEXTS) == pytest.approx(trained.embed(texts=TEXTS))
    sys.modules.pop("own_terms")
