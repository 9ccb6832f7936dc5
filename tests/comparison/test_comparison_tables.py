"""From the metrics of seeds to tables and findings, on numbers made by hand."""

import math

import pytest

from huse_tf.comparison import findings
from huse_tf.comparison.outcomes import Outcome
from huse_tf.comparison.tables import (
    ACCURACY,
    PRECISION,
    RECALL,
    WORDS,
    Table,
    markdown,
    shown,
)
from huse_tf.comparison.variants import methods

WAYS = [f"{a}_to_{b}" for a in ("image", "text") for b in ("image", "text")]


def metrics(recall=0.5, precision=0.5, accuracy=0.5, **others):
    """One seed's metrics; recall may be one number or one a direction."""
    recalls = recall if isinstance(recall, tuple) else (recall,) * 4
    return {
        "n": 10,
        **{
            f"{w}_R@{k}": r
            for w, r in zip(WAYS, recalls, strict=True)
            for k in (1, 5, 10)
        },
        **{f"{w}_HP@{k}": precision for w in WAYS for k in (2, 5, 10)},
        **{f"{name}_accuracy": accuracy for name in ("image", "text", "fusion")},
        "modal_gap": 0.3,
        "balanced_retrieval": 0.5,
        **others,
    }


def outcome(name, *seeds):
    (variant,) = methods(name)
    return Outcome(variant, {}, [], dict(enumerate(seeds)), {})


def without_accuracies(values):
    return {n: v for n, v in values.items() if not n.endswith("_accuracy")}


def test_mean_and_sample_deviation():
    """0.2, 0.4 and 0.9: mean 0.5; squares 0.09 + 0.01 + 0.16 = 0.26, over 2: 0.13."""
    row = outcome("huse", *(metrics(accuracy=a) for a in (0.2, 0.4, 0.9)))
    assert row.mean["fusion_accuracy"] == pytest.approx(0.5)
    assert row.std["fusion_accuracy"] == pytest.approx(math.sqrt(0.13))
    assert "n" not in row.mean


def test_one_seed_has_no_deviation():
    row = outcome("huse", metrics())
    assert row.std == {}
    assert "±" not in markdown(RECALL, [row])


def test_two_spaces_have_no_metric_across():
    row = outcome("separate", metrics())
    across = {n for n in metrics() if "image_to_text" in n or "text_to_image" in n}
    assert not (across | {"modal_gap", "balanced_retrieval"}) & set(row.mean)
    assert row.mean["image_to_image_R@1"] == 0.5


def cells(table):
    return [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in table.splitlines()[2:]
    ]


def test_the_best_of_a_column_is_the_one_in_its_metrics_direction():
    columns = {"": {"gap": "modal_gap", "R@1": "image_to_text_R@1"}}
    rows = [
        outcome("huse", metrics(recall=0.2, modal_gap=0.1)),
        outcome("cme", metrics(recall=0.4, modal_gap=0.3)),
    ]
    assert cells(markdown(Table("", columns), rows)) == [
        ["huse", "**0.100**", "0.200"],
        ["cme", "0.300", "**0.400**"],
    ]


def test_cells_bold_and_missing():
    """huse 0.8 and 0.9: 0.85, deviation 0.0707; separate the same; triplet none."""
    table = markdown(
        ACCURACY,
        [
            outcome("huse", metrics(accuracy=0.8), metrics(accuracy=0.9)),
            outcome("triplet", *[without_accuracies(metrics())] * 2),
            outcome("separate", metrics(accuracy=0.85), metrics(accuracy=0.85)),
            outcome("cme", metrics(accuracy=0.7), metrics(accuracy=0.7)),
        ],
    )
    assert table.splitlines()[0] == "| | image | text | fusion |"
    assert cells(table) == [
        ["huse", *["**0.850** ± 0.071"] * 3],
        ["triplet", *["–"] * 3],
        ["separate", *["**0.850** ± 0.000"] * 3],
        ["cme", *["0.700 ± 0.000"] * 3],
    ]


def test_a_column_that_nobody_has_is_dashes():
    table = markdown(ACCURACY, [outcome("triplet", without_accuracies(metrics()))])
    assert cells(table) == [["triplet", "–", "–", "–"]]


def test_columns_of_the_retrieval_tables():
    head = markdown(RECALL, [outcome("huse", metrics())]).splitlines()[0]
    assert head.count("|") == 14
    assert head.startswith("| | image→image R@1 | image→image R@5 |")
    head = markdown(PRECISION, [outcome("huse", metrics())]).splitlines()[0]
    assert head.endswith("text→text HP@2 | text→text HP@5 | text→text HP@10 |")


def test_separate_takes_no_part_across():
    table = markdown(
        RECALL, [outcome("huse", metrics(0.4)), outcome("separate", metrics(0.6))]
    )
    huse, separate = cells(table)
    assert huse[1:4] == ["0.400"] * 3 and huse[4:10] == ["**0.400**"] * 6
    assert separate[1:4] == ["**0.600**"] * 3 and separate[4:10] == ["–"] * 6


def test_word_search_is_shown_where_the_rows_answer_queries():
    words = {f"words_to_{name}_P@10": 0.4 for name in ("image", "text", "product")}
    words["words_chance"] = 0.2
    rows = [
        outcome("huse", metrics(**words)),
        outcome("separate", metrics(**{name: 0.6 for name in words})),
    ]
    assert WORDS in shown(rows).values()
    # texts alone share a space with the words where images have another
    assert cells(markdown(WORDS, rows)) == [
        ["huse", "**0.400**", "0.400", "**0.400**"],
        ["separate", "–", "**0.600**", "–"],
    ]
    without = shown([outcome("huse", metrics())])
    assert list(without) == [1, 2, 3] and WORDS not in without.values()


def named(*outcomes):
    return {row.variant.name: row for row in outcomes}


@pytest.mark.parametrize(
    ("huse", "verdict", "across", "within"),
    [
        # over the best of cme (.4 .5 .6 .3) and hie (.5 .4 .3 .6): .5 .5 .6 .6
        ((0.6, 0.8, 0.9, 0.6), "holds", "+0.3000", "+0.0500"),
        ((0.9, 0.5, 0.5, 0.6), "does not hold", "-0.0500", "+0.2000"),
    ],
)
def test_the_gain_across_against_within(huse, verdict, across, within):
    line = findings.cross_modal_gain(
        named(
            outcome("huse", metrics(huse)),
            outcome("cme", metrics((0.4, 0.5, 0.6, 0.3))),
            outcome("hie", metrics((0.5, 0.4, 0.3, 0.6))),
            # the authors' own, and one without a space to share: no rivals here
            outcome("huse_p", metrics(0.99)),
            outcome("separate", metrics(0.99)),
        )
    )
    assert f"**{verdict}**" in line
    assert f"across {across}, within {within}" in line
    assert "image→text" in line and "over cme" in line and "over hie" in line


def test_semantic_precision():
    """Mean of huse and devise 0.7 against 0.6 and then 0.8 of triplet."""
    own = [outcome("huse", metrics(precision=0.9))]
    own += [outcome("devise", metrics(precision=0.5))]
    for other, verdict, count in ((0.6, "holds", 12), (0.8, "does not hold", 0)):
        triplet = outcome("triplet", metrics(precision=other))
        line = findings.semantic_precision(named(*own, triplet))
        assert f"**{verdict}**" in line and f"in {count} of the 12 columns" in line
        assert f"0.7000 against {other:.4f}" in line


def test_one_column_less_and_it_does_not_hold():
    huse = outcome("huse", metrics(precision=0.9))
    triplet = outcome("triplet", metrics(precision=0.6, **{"text_to_text_HP@2": 0.95}))
    line = findings.semantic_precision(named(huse, triplet))
    assert "**does not hold**" in line and "in 11 of the 12 columns" in line


@pytest.mark.parametrize(
    ("huse", "verdict"), [(0.8, "holds"), (0.7, "holds"), (0.69, "does not hold")]
)
def test_fusion_against_separate_models(huse, verdict):
    line = findings.fusion_not_below_separate(
        named(
            outcome("huse", metrics(accuracy=huse)),
            outcome("separate", metrics(accuracy=0.7)),
        )
    )
    assert f"**{verdict}**. {huse:.4f} against 0.7000" in line


def test_findings_need_their_methods():
    assert findings.findings([outcome("huse", metrics())]) == []
    (line,) = findings.findings(
        [outcome("huse", metrics()), outcome("separate", metrics())]
    )
    assert "fusion" in line
