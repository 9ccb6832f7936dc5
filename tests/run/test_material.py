"""Texts and class names that an encoder cannot read are named, and too many stop."""

import pytest
from small_runs import EXAMPLE, products, write_catalog

from huse_tf.config import load_config
from huse_tf.errors import InputError
from huse_tf.held_out import evaluate_csv
from huse_tf.run.build import prepare
from huse_tf.run.folder import RunFolder
from huse_tf.run.material import class_graph
from huse_tf.run.pipelines import stored_features
from huse_tf.run.restore import restore_run

KOREAN = ["빨간 모자", "파란 신발", "검은 가방", "하얀 셔츠", "노란 치마"]


def korean_rows(path, per_class):
    """Writes a catalogue whose first five texts are Korean."""
    rows = [dict(row) for row in products(per_class)]
    for row, text in zip(rows, KOREAN, strict=False):
        row["text"] = text
    write_catalog(path, rows)
    return path


def test_evaluation_names_what_tfidf_has_not_learned(small_run, tmp_path, capsys):
    """5 of 48 rows are 10 %; of 24, 21 %, more than the 20 % of the default."""
    trained = restore_run(small_run)
    evaluate_csv(trained, korean_rows(tmp_path / "a.csv", 12), EXAMPLE / "images")
    said = capsys.readouterr().out
    assert "text_encoder.name = tfidf cannot read 5 of 48" in said
    assert "row 2 '빨간 모자', row 3 '파란 신발', row 4 '검은 가방', ..." in said
    path = korean_rows(tmp_path / "b.csv", 6)
    with pytest.raises(InputError, match="text_encoder.max_unreadable = 20% stop"):
        evaluate_csv(trained, path, EXAMPLE / "images")


def test_training_stops_before_its_first_step(small_run, tmp_path):
    """One text to a vocabulary of one word and "unknown" is as good as another."""
    path = tmp_path / "catalog.csv"
    rows = [{**row, "text": f"빨간{i} 모자{i}"} for i, row in enumerate(products())]
    write_catalog(path, rows)
    overrides = [f"data.csv={path}", "text_encoder.vocabulary_size=2"]
    overrides += [f"features.folder={tmp_path / 'features'}"]
    config = load_config(small_run / "config.ini", overrides)
    run = RunFolder(tmp_path / "run")
    run.claim()
    with pytest.raises(InputError, match="text_encoder.name = tfidf cannot read 2[34]"):
        prepare(config, run, stored_features)
    assert not run.config_file.exists()


def test_class_names_without_a_word_stop_or_are_said(small_run):
    """Two words are learned: one and "unknown"."""
    names, lines = ("빨간 모자", "파란 신발", "검은 가방"), []
    few = ["class_encoder.vocabulary_size=2"]
    with pytest.raises(InputError, match="class_encoder.max_unreadable = 20% stop"):
        class_graph(load_config(small_run / "config.ini", few), names, lines.append)
    assert not lines
    few.append("class_encoder.max_unreadable=100%")
    class_graph(load_config(small_run / "config.ini", few), names, lines.append)
    assert len(lines) == 1 and "class_encoder.name = tfidf cannot read" in lines[0]
