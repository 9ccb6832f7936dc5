"""The whole dict, its table and its file."""

import json

import numpy as np
import pytest

from huse_tf.errors import InputError
from huse_tf.evaluation import evaluate, write_evaluation
from huse_tf.metrics.classification import predict
from huse_tf.metrics.table import format_table
from huse_tf.metrics.words import WordQueries, word_queries

# The contract of the metric names, spelt out.
NAMES = {"n", "image_accuracy", "text_accuracy", "fusion_accuracy", "modal_gap"}
NAMES |= {f"macro_{name}" for name in NAMES if name.endswith("accuracy")}
NAMES |= {"balanced_retrieval"}
for pair in ("image_to_image", "image_to_text", "text_to_image", "text_to_text"):
    NAMES |= {f"{pair}_R@1", f"{pair}_R@5", f"{pair}_R@10"}
    NAMES |= {f"{pair}_HP@2", f"{pair}_HP@5", f"{pair}_HP@10"}
for pair in ("image_to_text", "text_to_image"):
    NAMES |= {f"{pair}_instance_R@{k}" for k in (1, 5, 10)}
    NAMES |= {f"{pair}_instance_median_rank"}
WORDS = {"words_to_image_P@10", "words_to_text_P@10", "words_to_product_P@10"}
WORDS |= {"words_chance"}

CLASSES = ("home<mug", "home<plate", "wear<hat")


def three_products(**changes):
    """Images and texts of three products on the three axes; all logits right."""
    arguments = {
        "image_embeddings": np.eye(3, dtype=np.float32),
        "text_embeddings": np.eye(3, dtype=np.float32),
        "image_logits": np.eye(3, dtype=np.float32),
        "text_logits": np.eye(3, dtype=np.float32),
        "labels": np.arange(3),
        "class_names": CLASSES,
        "separator": "<",
        "fusion_weight": 0.5,
        "chunk_size": 2,
    }
    return evaluate(**{**arguments, **changes})


def test_the_names_are_the_contract():
    metrics = three_products()
    assert set(metrics) == NAMES
    assert all(type(value) in (int, float) for value in metrics.values())


def test_three_products_by_hand():
    """Across the modalities each product finds itself; within them, no class mate.

    Ties at cosine 0 stand in row order. HP@2, image to image: mug sees plate, hat; S_2
    of a mug is {mug, plate}: 1/2. plate sees mug, hat: 1/2. hat sees mug, plate; its
    S_2 is all (4 hops to both): 1. Across: mug sees mug, plate: 1; plate sees plate,
    mug: 1; hat: 1.
    """
    metrics = three_products()
    assert metrics["n"] == 3
    assert metrics["fusion_accuracy"] == 1
    assert metrics["image_to_image_R@10"] == 0
    assert metrics["image_to_text_R@1"] == metrics["text_to_image_R@1"] == 1
    assert metrics["text_to_text_HP@2"] == pytest.approx(2 / 3)
    assert metrics["image_to_text_HP@2"] == 1
    assert metrics["image_to_text_instance_R@1"] == 1
    assert metrics["text_to_image_instance_median_rank"] == 1
    assert metrics["modal_gap"] == 0


def test_directions_are_told_apart():
    """Images at 35, 46 and 170 degrees, texts at 0, 40 and 80.

    Image -> text. 35: 40, 0: rank 2. 46: 40: 1. 170: 80: 1. The median is 1.
    Text -> image. 0: 35: 1. 40: 35, 46: 2. 80: 46, 35, 170: 3. The median is 2.
    """

    def circle(*degrees):
        angles = np.deg2rad(degrees)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)

    metrics = three_products(
        image_embeddings=circle(35, 46, 170), text_embeddings=circle(0, 40, 80)
    )
    assert metrics["image_to_text_instance_R@1"] == pytest.approx(2 / 3)
    assert metrics["image_to_text_instance_median_rank"] == 1
    assert metrics["text_to_image_instance_R@1"] == pytest.approx(1 / 3)
    assert metrics["text_to_image_instance_median_rank"] == 2
    # own counterparts are 35, 6 and 90 degrees apart
    gap = np.mean(1 - np.cos(np.deg2rad([35, 6, 90])))
    assert metrics["modal_gap"] == pytest.approx(gap)


def test_accuracies_are_of_their_own_modality():
    """The image is wrong on row 0, the text on rows 1 and 2, and the image is surer."""
    image = 4 * np.eye(3, dtype=np.float32)[[1, 1, 2]]
    text = np.eye(3, dtype=np.float32)[[0, 0, 0]]
    metrics = three_products(image_logits=image, text_logits=text)
    assert metrics["image_accuracy"] == pytest.approx(2 / 3)
    assert metrics["text_accuracy"] == pytest.approx(1 / 3)
    assert metrics["fusion_accuracy"] == pytest.approx(2 / 3)
    by_text = three_products(image_logits=image, text_logits=text, fusion_weight=0.0)
    assert by_text["fusion_accuracy"] == pytest.approx(1 / 3)


def test_small_classes_count_as_much_as_large_ones():
    """Of 8, 1 and 1 products the model takes all for the first class.

    Accuracy 8/10, macro (1 + 0 + 0) / 3. All embeddings are equal, so the order is
    that of the rows: everything finds the first row, of class 0, first. R@1 is 8/10,
    macro 1/3; all ten products are among the ten nearest: instance R@10 is 1, and
    balanced_retrieval (1/3 + 1) / 2.
    """
    labels = np.array([0] * 8 + [1, 2])
    same = np.repeat(np.eye(1, 3, dtype=np.float32), 10, axis=0)
    everything = {
        "image_embeddings": same,
        "text_embeddings": same,
        "image_logits": same,
        "text_logits": same,
    }
    metrics = three_products(labels=labels, **everything)
    for name in ("image", "text", "fusion"):
        assert metrics[f"{name}_accuracy"] == pytest.approx(0.8)
        assert metrics[f"macro_{name}_accuracy"] == pytest.approx(1 / 3)
    assert metrics["image_to_text_R@1"] == pytest.approx(0.8)
    assert metrics["balanced_retrieval"] == pytest.approx((1 / 3 + 1) / 2)


def test_balanced_retrieval_against_naive_code():
    random = np.random.default_rng(0)
    labels = np.array([0] * 30 + [1] * 6 + [2] * 4)

    def unit():
        rows = random.normal(size=(40, 3)) + 2 * np.eye(3)[labels]
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    images, texts = unit(), unit()
    shares = []
    for queries, items in ((images, texts), (texts, images)):
        first, among_ten = {0: [], 1: [], 2: []}, {0: [], 1: [], 2: []}
        for i, label in enumerate(labels):
            order = np.argsort(-(items @ queries[i]), kind="stable")
            first[label].append(labels[order[0]] == label)
            among_ten[label].append(i in order[:10])
        for found in (first, among_ten):
            shares.append(np.mean([np.mean(hits) for hits in found.values()]))
    metrics = three_products(
        image_embeddings=images,
        text_embeddings=texts,
        labels=labels,
        image_logits=None,
        text_logits=None,
    )
    assert metrics["balanced_retrieval"] == pytest.approx(np.mean(shares))
    assert 0.2 < metrics["balanced_retrieval"] < 0.9  # a number that says something


def shirts(colours):
    """Products of one class along two axes, as their titles' colours say."""
    titles = [f"{colour} shirt" for colour in colours]
    vectors = np.array([[1, 0, 0] if c == "red" else [0, 1, 0] for c in colours])
    return titles, vectors.astype(np.float32)


def test_word_search_by_hand():
    """20 shirts: 10 red, then 10 blue; either colour is in half of the class.

    Texts lie on their colour's axis, and so do the queries: P@10 is 1. Images all lie
    on the red axis: rows 0 to 9 come first to both queries, 1 for red and 0 for blue.
    A product at weight 0.25 of the image is nearer to its own text: 1. At weight 0
    images play no part; at weight 1 they alone.
    """
    titles, texts = shirts(["red"] * 10 + ["blue"] * 10)
    images = np.repeat(texts[:1], 20, axis=0)
    names = ("wear<shirts", "wear<hats")
    labels = np.zeros(20, int)
    queries = word_queries(titles, labels, names, "<")
    assert queries.texts == ("blue shirts", "red shirts")
    asked = np.array([[0, 1, 0], [1, 0, 0]], np.float32)
    given = {
        "image_embeddings": images,
        "text_embeddings": texts,
        "labels": labels,
        "class_names": names,
        "image_logits": None,
        "text_logits": None,
        "queries": queries,
        "query_embeddings": asked,
    }
    metrics = three_products(**given, fusion_weight=0.25)
    assert WORDS <= set(metrics)
    assert metrics["words_chance"] == 0.5
    assert metrics["words_to_text_P@10"] == metrics["words_to_product_P@10"] == 1
    assert metrics["words_to_image_P@10"] == 0.5
    by_image = three_products(**given, fusion_weight=1.0)
    assert by_image["words_to_product_P@10"] == 0.5
    table = format_table(metrics).splitlines()
    assert [float(x) for x in table[-1].split()[1:]] == [0.5, 1, 1, 0.5]


def no_queries(**changes):
    nothing = {"texts": (), "words": (), "labels": np.empty(0, np.int64)}
    return WordQueries(**{**nothing, "answers": (), "chance": 0.0, **changes})


def test_without_queries_there_is_no_word_search():
    metrics = three_products(queries=no_queries(), query_embeddings=np.empty((0, 3)))
    assert metrics == three_products() and "words" not in format_table(metrics)


def test_without_logits_there_are_no_accuracies():
    with_logits = three_products()
    metrics = three_products(image_logits=None, text_logits=None)
    assert {name for name in NAMES if name.endswith("accuracy")} == set(
        with_logits
    ) - set(metrics)
    assert metrics == {name: with_logits[name] for name in metrics}
    assert "same class" in format_table(metrics)


def test_predictions_stand_for_the_logits_they_were_made_of():
    image, text = np.random.default_rng(1).normal(size=(2, 3, 3))
    instead = {"image_logits": None, "text_logits": None}
    for weight in (0.2, 0.8):
        expected = three_products(
            image_logits=image, text_logits=text, fusion_weight=weight
        )
        told = predict(image, text, [0.2, 0.5, 0.8])
        got = three_products(predictions=told, fusion_weight=weight, **instead)
        assert got == expected


def test_half_precision_is_unit_enough():
    """float16 rounds each component by at most 2**-11 of it, and so the length."""
    rows = np.random.default_rng(0).normal(size=(3, 64))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    assert three_products(image_embeddings=rows, text_embeddings=rows)["n"] == 3


def test_one_product_gives_finite_numbers():
    one = np.eye(1, 3, dtype=np.float32)
    metrics = three_products(
        image_embeddings=one,
        text_embeddings=one,
        image_logits=one,
        text_logits=one,
        labels=[0],
    )
    assert np.isfinite(list(metrics.values())).all()
    assert metrics["image_to_image_R@1"] == 0
    assert metrics["image_to_text_R@1"] == 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"labels": []}, InputError, "no products"),
        (
            {"text_embeddings": np.array([[1.0, 0], [np.nan, 0], [0, 1]])},
            InputError,
            "text_embeddings: 1 of 3 rows are not finite.*optimizer.learning_rate",
        ),
        (
            {"image_logits": np.full((3, 3), np.inf)},
            InputError,
            "image_logits: 3 of 3 rows are not finite",
        ),
        (
            {"image_embeddings": np.eye(2)},
            ValueError,
            r"image_embeddings: expected shape \[3, ...\].*\(2, 2\)",
        ),
        (
            {"class_names": CLASSES[:2], "labels": [0, 1, 1]},
            ValueError,
            "image_logits: expected 2 columns.*Received: 3",
        ),
        ({"labels": [0, 1, 3]}, ValueError, r"labels: expected values in \[0, 3\)"),
        (
            {"labels": np.array([0.0, 1, 2])},
            ValueError,
            r"labels: expected whole numbers.*float64 of shape \(3,\)",
        ),
        (
            {"image_embeddings": np.diag([1.0, 1.1, 0.0])},
            ValueError,
            "image_embeddings: expected rows of length 1.*1 of 3.*row 1 of 1.1",
        ),
        (
            {"text_embeddings": np.eye(3, 4)},
            ValueError,
            "text_embeddings: expected 3 columns, as image_embeddings.*Received: 4",
        ),
        (
            {"predictions": predict(np.eye(3), np.eye(3), [0.5])},
            ValueError,
            "predictions: expected none beside image_logits.*Received: all three",
        ),
        (
            {
                "image_logits": None,
                "text_logits": None,
                "predictions": predict(np.eye(2), np.eye(2), [0.5]),
            },
            ValueError,
            r"predictions: .* in \[0, 3\) for each of 3 labels.*shape \(2,\)",
        ),
        (
            {
                "image_logits": None,
                "text_logits": None,
                "predictions": predict(np.eye(3, 4, 1), np.eye(3, 4), [0.5]),
            },
            ValueError,
            r"predictions: expected a class in \[0, 3\).*3 at most",
        ),
        (
            {"image_logits": None},
            ValueError,
            "go together. Received: only text_logits",
        ),
        (
            {"queries": no_queries()},
            ValueError,
            "queries and query_embeddings go together. Received: only queries",
        ),
        (
            {"queries": no_queries(), "query_embeddings": np.eye(3)},
            ValueError,
            r"query_embeddings: expected shape \(0, 3\).*\(3, 3\)",
        ),
        (
            {
                "queries": no_queries(texts=("red hat",), answers=(np.array([1, 3]),)),
                "query_embeddings": np.eye(1, 3),
            },
            ValueError,
            "queries: expected answers among these 3 rows. Received: row 3",
        ),
        (
            {
                "queries": no_queries(texts=("red hat",), answers=(np.array([1]),)),
                "query_embeddings": 2 * np.eye(1, 3),
            },
            ValueError,
            "query_embeddings: expected rows of length 1.*row 0 of 2",
        ),
        ({"separator": ""}, ValueError, "separator: expected a string"),
        ({"fusion_weight": 1.5}, ValueError, r"fusion_weight: .*\[0, 1\].*1.5"),
        ({"chunk_size": 0}, ValueError, "chunk_size: expected a whole number >= 1"),
    ],
)
def test_what_cannot_be_evaluated(changes, error, message):
    with pytest.raises(error, match=message):
        three_products(**changes)


def test_the_table_shows_every_number_in_80_columns():
    named = sorted(NAMES | WORDS)
    metrics = {name: (i + 0.5) / 100 for i, name in enumerate(named)}
    metrics["n"] = 12345
    for name in metrics:
        if name.endswith("median_rank"):
            metrics[name] = 1234.5 if name.startswith("image") else 77.0
    table = format_table(metrics)
    assert max(len(line) for line in table.splitlines()) <= 80
    assert "12,345 products" in table
    assert "1,234.5" in table and "77.0" in table
    for name, value in metrics.items():
        if name != "n" and not name.endswith("median_rank"):
            assert table.count(f" {value:.4f}") == 1, name
    row = next(x for x in table.splitlines() if x.startswith("text  -> image"))
    expected = [metrics[f"text_to_image_R@{k}"] for k in (1, 5, 10)]
    expected += [metrics[f"text_to_image_HP@{k}"] for k in (2, 5, 10)]
    assert [float(x) for x in row.split()[3:]] == pytest.approx(expected)


def test_the_table_explains_flat_classes():
    flat = format_table(three_products(class_names=("mug", "plate", "hat")))
    assert "one level" in flat
    assert "one level" not in format_table(three_products())


def test_the_file_is_flat_json(tmp_path):
    path = tmp_path / "evaluation.json"
    path.write_text("old")
    write_evaluation(path, three_products(), {"split": "test"})
    written = json.loads(path.read_text())
    assert written.pop("meta") == {"split": "test"}
    assert written == three_products()
    assert [p.name for p in tmp_path.iterdir()] == ["evaluation.json"]


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "evaluation.json"
    path.write_text("old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_evaluation(path, {"modal_gap": float("nan")}, {})
    assert path.read_text() == "old"
