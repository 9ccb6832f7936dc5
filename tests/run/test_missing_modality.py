"""A catalogue whose products lack a picture or a text: trained, searched, shown."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from small_runs import (
    EXAMPLE,
    PRODUCTS,
    lacking_products,
    products,
    train_small_run,
    write_catalog,
    write_rows,
)

import huse_tf
from huse_tf.catalog import read_catalog
from huse_tf.config import DataConfig, load_config
from huse_tf.errors import InputError
from huse_tf.held_out import evaluate_split
from huse_tf.objectives import Huse
from huse_tf.reports.answers import gather
from huse_tf.reports.queries import find_both, product
from huse_tf.reports.report import render
from huse_tf.reports.thumbnails import Thumbnails
from huse_tf.run import material, pipelines
from huse_tf.run.folder import RunFolder
from huse_tf.run.restore import restore_run
from huse_tf.run.scoring import Scorer
from huse_tf.search.answers import format_answers
from huse_tf.search.build import open_index, shown_cells
from huse_tf.search.gallery import write_gallery
from huse_tf.search.query import QueryEncoder

ROWS = lacking_products()
NO_IMAGE = [i for i, row in enumerate(ROWS) if not row["image"]]
NO_TEXT = [i for i, row in enumerate(ROWS) if not row["text"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return train_small_run(tmp_path_factory.mktemp("lacking"), ROWS)


@pytest.fixture(scope="module")
def trained(folder):
    return restore_run(folder)


@pytest.fixture(scope="module")
def index(trained):
    return open_index(trained)


@pytest.fixture(scope="module")
def expected(folder):
    """Each product embedded by what it has, [24, D]."""
    images = [row["image"] and EXAMPLE / "images" / row["image"] for row in ROWS]
    return huse_tf.load(folder).embed(
        images=[image or None for image in images], texts=[row["text"] for row in ROWS]
    )


def pipeline_of(trained, keep=pipelines.stored_features, **sections):
    config = dataclasses.replace(trained.config, **sections)
    return material.make_pipeline(
        config,
        read_catalog(config.data),
        trained.image_encoder,
        trained.text_encoder,
        keep,
    )[1]


def whole_batch(pipeline):
    everything = dataclasses.replace(
        pipeline, split={"all": np.arange(len(ROWS))}, batch_size=len(ROWS)
    )
    return next(iter(everything.evaluation("all")))


@pytest.mark.parametrize("keep", ["stored_features", "features_in_ram"])
def test_what_is_not_there_has_zero_features_and_is_said(trained, keep):
    batch = whole_batch(pipeline_of(trained, getattr(pipelines, keep)))
    for name, lacks in (("image", NO_IMAGE), ("text", NO_TEXT)):
        assert np.flatnonzero(~batch[f"has_{name}"].numpy()).tolist() == lacks
        zero = ~batch[name].numpy().any(axis=1)
        assert np.flatnonzero(zero).tolist() == lacks


def test_a_catalogue_that_lacks_nothing_says_nothing(small_run):
    batch = whole_batch(pipeline_of(restore_run(small_run)))
    assert set(batch) == {"image", "text", "label", "text_id"}


def test_encoders_that_train_along_see_white_and_no_word(trained):
    """The embedding is zero all the same, and nothing counts as unreadable."""
    config = trained.config
    along = dataclasses.replace(config.image_encoder, augment=True)
    pipeline = pipeline_of(trained, image_encoder=along)
    calm = whole_batch(pipeline)
    white = (calm["image"].numpy() == 255).all(axis=(1, 2, 3))
    assert calm["image"].shape == (24, 128, 128, 3)
    assert np.flatnonzero(white).tolist() == NO_IMAGE
    everything = dataclasses.replace(
        pipeline, split={**pipeline.split, "train": np.arange(24)}, batch_size=24
    )
    batch = next(iter(everything.training(0, 1)))
    has_image = batch["has_image"].numpy()
    assert np.count_nonzero(~has_image) == len(NO_IMAGE)
    fetch = pipelines.tokens(np.array(["", "oak chair"], object), trained.text_encoder)
    features = trained.text_encoder(fetch(tf.constant([0, 1]), tf.constant(-1)))
    assert np.isfinite(features).all()
    model = huse_tf.HuseModel(
        trained.model.network,
        trained.model.objective,
        image_encoder=trained.image_encoder,
    )
    outputs = model(batch)
    lengths = np.linalg.norm(outputs["image_embedding"], axis=1)
    assert lengths == pytest.approx(has_image.astype(float), abs=1e-5)


def test_it_is_evaluated_by_what_there_is(trained):
    metrics, _ = evaluate_split(trained, "validation")
    counts = {name: metrics[f"n{name}"] for name in ("", "_image", "_text", "_both")}
    assert counts == {"": 4, "_image": 3, "_text": 3, "_both": 2}
    assert all(np.isfinite(value) for value in metrics.values())
    record = json.loads(trained.run.metrics_file.read_text().splitlines()[-1])
    assert record["split"] == "validation" and record["n_both"] == 2


def test_a_products_vector_is_of_what_it_has(index, expected):
    assert index.vectors["products"] == pytest.approx(expected, abs=1e-4)
    for kind, lacks in (("images", NO_IMAGE), ("texts", NO_TEXT)):
        lengths = np.linalg.norm(index.vectors[kind], axis=1)
        assert np.flatnonzero(lengths == 0).tolist() == lacks
        assert np.flatnonzero(~index.there(kind)).tolist() == lacks


@pytest.mark.parametrize("branch", [False, True])
def test_a_search_of_one_kind_leaves_out_who_lacks_it(index, expected, branch):
    name = ROWS[2]["class"] if branch else ""
    for kind, lacks in (("images", NO_IMAGE), ("texts", NO_TEXT), ("products", [])):
        found = index.nearest(expected[2], 24, kind, branch=name)
        rows = [i for i, row in enumerate(ROWS) if not branch or row["class"] == name]
        assert sorted(p.number for p in found) == [i for i in rows if i not in lacks]


def test_a_photo_finds_products_that_have_a_text_alone(trained, index):
    photo = (EXAMPLE / "images" / products()[2]["image"]).read_bytes()
    found = index.nearest(QueryEncoder(trained).embed(None, photo), 24)
    assert {p.number for p in found} >= set(NO_IMAGE)


def test_a_product_of_several_rows_shows_the_first_picture_and_the_first_title(
    tmp_path,
):
    """a: a title, then a picture; b: two pictures and no title."""
    cells = (
        ("a", "", "mug"),
        ("b", "2.jpg", ""),
        ("a", "1.jpg", ""),
        ("b", "3.jpg", ""),
    )
    rows = [dict(zip(("id", "image", "text"), row, strict=True)) for row in cells]
    for number in (1, 2, 3):
        (tmp_path / f"{number}.jpg").write_bytes(b"a picture")
    write_rows(tmp_path / "a.csv", [{**r, "class": f"class {r['id']}"} for r in rows])
    data = DataConfig(csv=tmp_path / "a.csv", images=tmp_path, min_class_size=1)
    catalog = read_catalog(data)
    assert shown_cells(catalog, catalog.images).tolist() == ["1.jpg", "2.jpg"]
    assert shown_cells(catalog, catalog.texts).tolist() == ["mug", ""]


def test_approximate_search_leaves_them_out_too(index, expected):
    pytest.importorskip("faiss")
    from huse_tf.search.build import open_approximate

    open_approximate(index, "images")
    try:
        found = index.nearest(expected[2], 24, "images")
    finally:
        index.approximate.clear()
    assert not {p.number for p in found} & set(NO_IMAGE) and len(found) > 5


def test_answers_say_what_is_not_there(index, expected, tmp_path):
    found = index.nearest(expected[3], 24)
    table = format_answers(found, "<")
    assert table.count("(no title)") == len(NO_TEXT)
    write_gallery(tmp_path / "a.html", index, found, "chairs", None)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count('<div class="none">no picture</div>') == len(NO_IMAGE)
    assert page.count(". (no title)") == len(NO_TEXT)
    write_gallery(tmp_path / "a.png", index, found, None, None)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match=r"row 4 of .*catalog.csv has no picture"):
        index.read_picture(NO_IMAGE[1])


def test_the_page_explains_a_product_by_what_it_has(trained, index):
    from huse_tf.page.explorer import Explorer

    explorer = Explorer(trained, index)
    for number, has, lacks in (
        (NO_IMAGE[1], "text", "image"),
        (NO_TEXT[0], "image", "text"),
    ):
        told = json.loads(json.dumps(explorer.explain(number), allow_nan=False))
        assert told["gap"] is None and told["neighbours"][lacks] == []
        assert set(told["classes"]) == {has}
        for near in told["neighbours"][has]:
            assert near[f"{has}_distance"] is not None
            assert near[f"{lacks}_distance"] is None
    told = explorer.explain(4)
    assert set(told["classes"]) == {"image", "text", "product"}
    lacking = [n for n in told["neighbours"]["text"] if n["number"] in NO_IMAGE]
    assert lacking and all(near["image_distance"] is None for near in lacking)


def test_its_report_shows_what_there_is(trained):
    catalog, pipeline = read_catalog(trained.config.data), pipeline_of(trained)
    scorer = Scorer(trained.model, trained.config, catalog, trained.text_encoder)
    metrics, meta = evaluate_split(trained, "train")
    answers = gather(
        trained.run, trained.config, catalog, pipeline, scorer, metrics, meta
    )
    assert "or the one that it has" in render(answers)
    for row, what in ((NO_IMAGE[1], "text"), (NO_TEXT[0], "image")):
        place = catalog.indices("train").tolist().index(row)
        shown = Thumbnails([path for path in answers.images if path])
        card = product(answers, place, shown, "both")
        assert ("no picture" in card) == (what == "text")
        assert ("<q>" in card) == (what == "text")
    for (query, items), found in find_both(answers).items():
        lacks = {"image": NO_IMAGE, "text": NO_TEXT}
        rows = catalog.indices("train")
        assert not set(rows[found.rows]) & set(lacks[query])
        assert not set(rows[found.nearest].ravel()) & set(lacks[items])


def test_its_board_has_a_point_for_each_that_is_there(folder):
    """Of the four validation products one lacks a picture and one a text: 3 and 3."""
    lines = (folder / "tensorboard" / "samples" / "metadata.tsv").read_text()
    kinds = [line.split("\t")[-1] for line in lines.splitlines()[1:]]
    assert kinds == ["image"] * 3 + ["text"] * 3
    vectors = folder / "tensorboard" / "samples" / "universal_space.bytes"
    assert vectors.stat().st_size == 6 * 16 * 4


class NeedsBoth(Huse):
    def terms(self, outputs, labels):
        return super().terms(outputs, labels)


def test_an_own_objective_that_needs_both_stops_before_the_first_step(trained):
    catalog = read_catalog(trained.config.data)
    objective = NeedsBoth(np.float32([[0, 1], [1, 0]]))
    with pytest.raises(InputError) as error:
        material.check_terms(trained.config, objective, catalog)
    lacking = len(NO_IMAGE) + len(NO_TEXT)
    assert f"{lacking} products lack one (first: row 2); give `terms`" in str(
        error.value
    )
    with pytest.raises(ValueError, match="NeedsBoth.terms must have an argument `pre"):
        objective({}, tf.constant([0]), None, ([True], [False]))
    material.check_terms(trained.config, trained.model.objective, catalog)


@pytest.fixture(scope="module")
def photos_alone(tmp_path_factory):
    rows = [{**row, "text": ""} for row in products()]
    settings = {"text_encoder__name": "embedded"}
    settings["training__best_metric"] = "image_to_image_R@1"
    return train_small_run(tmp_path_factory.mktemp("photos"), rows, **settings)


def test_photos_alone_make_a_run(photos_alone):
    trained = huse_tf.load(photos_alone)
    photo = EXAMPLE / "images" / products()[7]["image"]
    assert trained.search(image=photo, k=1)[0]["row"] == 9
    metrics, _ = evaluate_split(restore_run(photos_alone), "train")
    assert metrics["n_text"] == 0 and metrics["image_to_image_R@1"] > 0
    assert metrics["gap_loss"] == metrics["product_loss"] == 0
    found = trained.classify(images=[photo])[0][0]
    assert found["class"] in trained.class_names


def test_photos_alone_cannot_be_judged_by_their_titles(tmp_path):
    write_catalog(tmp_path / "catalog.csv", [{**r, "text": ""} for r in products()])
    overrides = [f"data.csv={tmp_path / 'catalog.csv'}"]
    overrides += [f"data.images={EXAMPLE / 'images'}"]
    config = load_config(EXAMPLE.parents[1] / "config.ini", overrides)
    with pytest.raises(InputError) as error:
        material.read_material(
            config, RunFolder(tmp_path).rejected_file, pipelines.stored_features
        )
    assert str(error.value) == (
        "training.best_metric = balanced_retrieval: none of the 4 validation rows has "
        "both picture and text; choose another, such as image_to_image_R@1 or loss"
    )
    assert len(products()) == 4 * PRODUCTS
