"""A run folder runs code outside of huse_tf only where it is told to."""

import shutil
import sys
from pathlib import Path

import pytest

from huse_tf.errors import InputError
from huse_tf.objectives.huse import Huse
from huse_tf.run.folder import RunFolder
from huse_tf.run.restore import restore_run

EARLIER = Path(__file__).parent / "earlier_run"


@pytest.fixture
def run(tmp_path):
    """A run of an objective that `stranger.py` beside the config defines."""
    shutil.copytree(EARLIER, tmp_path / "run")
    config = tmp_path / "run" / "config.ini"
    text = config.read_text().replace("\nname = huse\n", "\nname = stranger:Terms\n")
    config.write_text(text)
    (tmp_path / "run" / "stranger.py").write_text(
        "from huse_tf.objectives import Huse\nfrom pathlib import Path\n"
        "Path(__file__).with_name('ran').touch()\nclass Terms(Huse):\n    pass\n"
    )
    yield RunFolder(tmp_path / "run")
    sys.modules.pop("stranger", None)


def test_it_is_refused_in_one_line(run):
    with pytest.raises(InputError) as error:
        restore_run(run.path)
    text = str(error.value)
    assert "objective.name = stranger:Terms" in text and "`allow_code`" in text
    assert "\n" not in text
    assert not (run.path / "ran").exists()


def test_it_is_allowed(run):
    config = run.read_config(allow_code=True)
    from huse_tf.objectives import make_objective
    from huse_tf.semantic_graph import read_graph

    classes = run.read_classes()
    objective = make_objective(config, read_graph(run.graph_file, classes), classes)
    assert isinstance(objective, Huse) and (run.path / "ran").exists()
