"""Metrics of products that lack an image or a text, against loops over the rest."""

import numpy as np
import pytest

from huse_tf.evaluation import evaluate
from huse_tf.metrics.table import format_table
from huse_tf.metrics.words import word_queries

CLASSES = ("home<mug", "home<plate", "wear<hat")
N, WEIGHT = 90, 0.3


def shop(lacks_image=range(0, 12), lacks_text=range(78, 90), blank=0.0):
    """90 products of three classes, every other red; 66 have both modalities.

    `blank` fills the rows of what is not there, which may not be read.
    """
    random = np.random.default_rng(4)
    labels = np.arange(N) % 3
    arguments = {"labels": labels, "class_names": CLASSES, "fusion_weight": WEIGHT}
    for name, lacks in (("image", lacks_image), ("text", lacks_text)):
        rows = random.normal(size=(N, 3)) + 1.5 * np.eye(3)[labels]
        logits = random.normal(size=(N, 3)) + 1.5 * np.eye(3)[labels]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        rows[list(lacks)], logits[list(lacks)] = [blank, 0, 0], [0, 0, 9 * blank]
        has = np.ones(N, bool)
        has[list(lacks)] = False
        arguments |= {
            f"{name}_embeddings": rows,
            f"{name}_logits": logits,
            f"has_{name}": has,
        }
    titles = ["red thing" if i % 2 else "blue thing" for i in range(N)]
    titles = [t if has else "" for t, has in zip(titles, has, strict=True)]
    queries = word_queries(titles, labels, CLASSES, "<")
    asked = random.normal(size=(len(queries), 3))
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    return {**arguments, "queries": queries, "query_embeddings": asked}


def nearest(query, vectors, candidates):
    """The candidates, by cosine; equal ones in order."""
    return sorted(candidates, key=lambda i: (-vectors[i] @ query, i))


def mean_over_classes(hits, labels):
    return np.mean([np.mean(hits[labels == c]) for c in np.unique(labels)])


def naive(shop, asks=None):
    """What is asked of each way, class and product, by loops over what is there.

    `asks` are the rows that ask, by "image", "text" and "both"; None for all.
    """
    labels = shop["labels"]
    vectors = {m: shop[f"{m}_embeddings"] for m in ("image", "text")}
    there = {m: np.flatnonzero(shop[f"has_{m}"]) for m in ("image", "text")}
    both = np.intersect1d(there["image"], there["text"])
    ask = asks or {**there, "both": both}
    found, balanced = {}, []
    for query in vectors:
        for items in vectors:
            way = f"{query}_to_{items}"
            lists = {
                q: nearest(
                    vectors[query][q],
                    vectors[items],
                    [i for i in there[items] if query != items or i != q],
                )
                for q in there[query]
            }
            for k in (1, 5, 10):
                hits = [labels[q] in labels[lists[q][:k]] for q in ask[query]]
                found[f"{way}_R@{k}"] = np.mean(hits)
            if query == items:
                continue
            first = np.array([labels[lists[q][0]] == labels[q] for q in ask[query]])
            ranks = np.array([1 + lists[q].index(q) for q in ask["both"]])
            found[f"{way}_instance_median_rank"] = np.median(ranks)
            for k in (1, 5, 10):
                found[f"{way}_instance_R@{k}"] = np.mean(ranks <= k)
            balanced.append(mean_over_classes(first, labels[ask[query]]))
            balanced.append(mean_over_classes(ranks <= 10, labels[ask["both"]]))
    found["balanced_retrieval"] = np.mean(balanced)
    found["modal_gap"] = np.mean(
        [1 - vectors["image"][i] @ vectors["text"][i] for i in both]
    )
    return found


def softmax(logits):
    powers = np.exp(logits)
    return powers / powers.sum()


@pytest.mark.parametrize("in_tensorflow", [False, True])
def test_retrieval_is_among_what_is_there(in_tensorflow):
    made = shop()
    metrics, expected = evaluate(**made, in_tensorflow=in_tensorflow), naive(made)
    counts = {name: metrics[f"n{name}"] for name in ("", "_image", "_text", "_both")}
    assert counts == {"": 90, "_image": 78, "_text": 78, "_both": 66}
    for name, value in expected.items():
        assert metrics[name] == pytest.approx(value), name
    assert 0 < metrics["image_to_text_instance_R@10"] < 1


def test_hierarchical_precision_of_one_modality_is_that_of_its_products_alone():
    made = shop()
    metrics = evaluate(**made)
    for name in ("image", "text"):
        rows = made[f"has_{name}"]
        alone = made[f"{name}_embeddings"][rows]
        of_those = evaluate(alone, alone, made["labels"][rows], CLASSES)
        for k in (2, 5, 10):
            way = f"{name}_to_{name}_HP@{k}"
            assert metrics[way] == pytest.approx(of_those[way])
        assert 0 < metrics[f"{name}_to_{name}_HP@2"] < 1


def test_fusion_takes_what_a_product_has():
    made = shop()
    metrics, labels, right = evaluate(**made), made["labels"], []
    for i in range(N):
        image, text = (softmax(made[f"{m}_logits"][i]) for m in ("image", "text"))
        told = WEIGHT * image + (1 - WEIGHT) * text
        if not made["has_text"][i]:
            told = image
        elif not made["has_image"][i]:
            told = text
        right.append(told.argmax() == labels[i])
    assert metrics["fusion_accuracy"] == pytest.approx(np.mean(right))
    assert metrics["macro_fusion_accuracy"] == pytest.approx(
        mean_over_classes(np.array(right), labels)
    )
    for name in ("image", "text"):
        rows = made[f"has_{name}"]
        hits = made[f"{name}_logits"].argmax(axis=1) == labels
        assert metrics[f"{name}_accuracy"] == pytest.approx(np.mean(hits[rows]))
        assert metrics[f"macro_{name}_accuracy"] == pytest.approx(
            mean_over_classes(hits[rows], labels[rows])
        )


def test_words_are_judged_by_the_products_that_have_a_title():
    """Images among those with both; products by their text where they have no more."""
    made = shop()
    metrics, queries = evaluate(**made), made["queries"]
    has_image, has_text = made["has_image"], made["has_text"]
    images, texts = made["image_embeddings"], made["text_embeddings"]
    products = WEIGHT * images + (1 - WEIGHT) * texts
    products[~has_image] = texts[~has_image]
    products /= np.linalg.norm(products, axis=1, keepdims=True)
    for name, vectors, rows in (
        ("image", images, has_image & has_text),
        ("text", texts, has_text),
        ("product", products, has_text),
    ):
        precisions = [
            np.isin(nearest(query, vectors, np.flatnonzero(rows))[:10], held).mean()
            for query, held in zip(
                made["query_embeddings"], queries.answers, strict=True
            )
        ]
        assert metrics[f"words_to_{name}_P@10"] == pytest.approx(np.mean(precisions))
    # 26 products a class have a title, and of each class one half is red, one blue
    assert metrics["words_chance"] == pytest.approx(0.5)
    assert set(queries.words) == {"red", "blue"}


def test_tensorflow_says_the_same_of_all_metrics():
    made = shop()
    metrics, expected = evaluate(**made, in_tensorflow=True), evaluate(**made)
    assert metrics == expected and "words_to_image_P@10" in metrics


def test_what_is_not_there_is_not_read():
    assert evaluate(**shop()) == evaluate(**shop(blank=1.0))


def test_all_there_is_the_same_as_nothing_said():
    made = shop([], [])
    assert made["has_image"].all() and made["has_text"].all()
    metrics = evaluate(**made)
    del made["has_image"], made["has_text"]
    assert evaluate(**made) == metrics
    assert "n_image" not in metrics


@pytest.mark.parametrize("only", ["image", "text"])
def test_one_modality_in_all_of_a_catalogue_leaves_out_what_asks_for_the_other(only):
    lacks = {"image": ([], range(N)), "text": (range(N), [])}[only]
    metrics = evaluate(**shop(*lacks))
    other = {"image": "text", "text": "image"}[only]
    assert not [name for name in metrics if other in name and name != f"n_{other}"]
    assert metrics["fusion_accuracy"] == metrics[f"{only}_accuracy"]
    assert not {"modal_gap", "balanced_retrieval"} & set(metrics)
    assert ("words_to_product_P@10" in metrics) == (only == "text")
    assert metrics[f"n_{only}"] == 90 and metrics["n_both"] == 0
    lines = format_table(metrics).splitlines()
    row = next(x for x in lines if x.startswith(f"{only:<5} -> {other}"))
    assert set(row.split()[3:]) == {"-"}
    values = {value for x in lines for value in x.split()}
    assert f"{metrics[f'{only}_to_{only}_R@1']:.4f}" in values


def test_the_table_says_how_many_have_what():
    table = format_table(evaluate(**shop()))
    first = table.splitlines()[0]
    assert first == "90 products: 78 with an image, 78 with a text, 66 with both"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"has_image": np.ones(3, bool)}, r"has_image: .*90 labels.*shape \(3,\)"),
        ({"has_text": np.ones(N)}, "has_text: expected true or false.*float64"),
        ({"has_text": np.zeros(N, bool)}, "neither for 12 of 90, such as row 0"),
    ],
)
def test_what_does_not_fit_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        evaluate(**{**shop(), **changes})
