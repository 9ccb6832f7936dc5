"""The inis of the project: every key, with the comment that it has now."""

import dataclasses
import itertools
import re
import sys
from pathlib import Path

import pytest

from huse_tf.config import SECTIONS, comment, load_config
from huse_tf.config.__main__ import main
from huse_tf.config.comments import SOURCE, commented
from huse_tf.config.encoder_sections import ClassEncoderConfig
from huse_tf.config.sections import LossConfig, ObjectiveConfig

ROOT = Path(__file__).resolve().parents[2]


INIS = ["config.ini", *(f"configs/{p.name}" for p in (ROOT / "configs").glob("*.ini"))]


@pytest.mark.parametrize("name", INIS)
def test_comments_of_shipped_inis_are_not_stale(name):
    """`python -m huse_tf.config config.ini configs/*.ini` writes them."""
    text = (ROOT / name).read_text()
    assert commented(text, SECTIONS) == text


@pytest.mark.parametrize("name", ["config.ini", "configs/paper.ini"])
def test_every_value_says_whose_it_is(name):
    comments = [
        above
        for above, line in itertools.pairwise((ROOT / name).read_text().splitlines())
        if re.match(r"\w+ =", line)
    ]
    assert len(comments) == sum(len(dataclasses.fields(s)) for s in SECTIONS.values())
    for line in comments:
        assert SOURCE.search(line), line


def test_rewriting_keeps_values_sources_and_the_head(tmp_path):
    """A key that is missing comes with its default; a stale comment goes."""
    path = tmp_path / "old.ini"
    path.write_text(
        "# mine\n\n[loss]\n# what it was called once; 0 or 1; paper 3.4, eq 5 (as is)\n"
        "beta = 3.50\n\n[data]\ncsv = a ; b.csv\nimages = x\n"
    )
    before = load_config(path)
    text = commented(path.read_text(), SECTIONS)
    assert text.startswith("# mine\n\n[data]\n")
    field = LossConfig.__dataclass_fields__["beta"]
    line = f"# {comment(LossConfig, field)}; paper 3.4, eq 5 (as is)\nbeta = 3.50\n"
    assert line in text and "called once" not in text
    assert "this file\ncsv = a ; b.csv\n" in text, "whose it is nobody knows"
    assert "; ours\nbatch_size = 512\n" in text, "the default is ours"
    path.write_text(text)
    assert load_config(path) == before
    assert commented(text, SECTIONS) == text


def test_the_command_rewrites_in_place(tmp_path, monkeypatch, capsys):
    path = tmp_path / "old.ini"
    path.write_text("[data]\ncsv = a\nimages = b\n")
    monkeypatch.setattr(sys, "argv", ["config", str(path)])
    assert main() == 0
    assert path.read_text() == commented("[data]\ncsv = a\nimages = b\n", SECTIONS)
    path.write_text("[loss]\nbta = 1\n")
    assert main() == 1
    assert "unknown key loss.bta" in capsys.readouterr().err
    assert path.read_text() == "[loss]\nbta = 1\n"


def test_a_comment_names_those_whose_key_it_is():
    fields = ClassEncoderConfig.__dataclass_fields__
    assert comment(ClassEncoderConfig, fields["handle"]).startswith("bert, use: the ")
    assert comment(ClassEncoderConfig, fields["graph"]).startswith("class distances")
    fields = ObjectiveConfig.__dataclass_fields__
    assert comment(ObjectiveConfig, fields["cme_margin"]).startswith("cme: non-pairs")


def test_the_default_ini_holds_the_defaults(tmp_path):
    minimal = tmp_path / "minimal.ini"
    minimal.write_text("[data]\ncsv = a.csv\nimages = b\n")
    shipped = load_config(ROOT / "config.ini")
    assert shipped.data.csv == ROOT / "data/example/catalog.csv"
    assert shipped.data.images == ROOT / "data/example/images"
    assert shipped.features.folder == ROOT / "runs/features"
    assert (
        dataclasses.replace(
            load_config(minimal), data=shipped.data, features=shipped.features
        )
        == shipped
    )


def test_the_papers_ini_is_the_papers():
    config = load_config(ROOT / "configs/paper.ini")
    steps = config.training.epochs * (80_000 // config.training.batch_size)
    assert abs(steps - 250_000) < 1_000
    assert config.optimizer.learning_rate == 1.6192e-05
    assert (config.loss.graph_margin, config.loss.logit_scale) == ("printed", 1.0)
    assert config.loss.delta == 0 and config.towers.image_layers == 5
    assert config.features.folder == ROOT / "runs/features"
