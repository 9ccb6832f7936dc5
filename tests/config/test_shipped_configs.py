"""config.ini and configs/paper.ini: every key, with its source."""

import dataclasses
import itertools
import re
from pathlib import Path

import pytest

from huse_tf.config import SECTIONS, comment, load_config

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["config.ini", "configs/paper.ini"])
def test_shipped_inis_comment_every_key_once_with_its_source(name):
    lines = (ROOT / name).read_text().splitlines()
    section = ""
    found = []
    for above, line in itertools.pairwise(lines):
        if above.startswith("["):
            section = above.strip("[]")
        match = re.match(r"(\w+) =", line)
        if match:
            fields = SECTIONS[section].__dataclass_fields__
            start = f"# {comment(fields[match[1]])}; "
            assert above.startswith(start), line
            source = above.removeprefix(start)
            assert re.fullmatch(
                r"(ours|paper \d(\.\d)+(, eq \d+)?|[A-Z][a-z]+ \d{4}, \d(\.\d)*)"
                r"( \(.+\))?",
                source,
            ), above
            found.append((section, match[1]))
    assert found == [
        (name, field.name)
        for name, section in SECTIONS.items()
        for field in dataclasses.fields(section)
    ]


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
    assert config.features.folder == ROOT / "runs/features"
