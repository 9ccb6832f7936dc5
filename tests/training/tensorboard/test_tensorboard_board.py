"""What the board writes, read back with TensorBoard's own readers."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.plugins.projector import ProjectorConfig

from huse_tf.config import load_config
from huse_tf.errors import InputError, Interrupted
from huse_tf.run.folder import RunFolder
from huse_tf.run.pipelines import Pipeline
from huse_tf.training.tensorboard import grids, projector
from huse_tf.training.tensorboard.board import Board, spread_over_classes

ROOT = Path(__file__).parents[3]
NAMES = ("home<cup", "home<mug", "shop<hat")
LABELS = np.array([0, 0, 1, 1, 2, 2], np.int32)
# Of each class's texts the first lies at its images, the second at another class's.
IMAGES = np.eye(3, dtype=np.float32)[LABELS]
TEXTS = np.eye(3, dtype=np.float32)[[0, 1, 1, 2, 2, 0]]


class Scorer:
    """Embeds the products by their positions."""

    def embed(self, pipeline, split):
        rows = pipeline.split[split]
        return SimpleNamespace(vectors={"image": IMAGES[rows], "text": TEXTS[rows]})


@pytest.fixture
def experiment():
    pictures = sorted((ROOT / "data" / "example" / "images").glob("*.jpg"))[:6]
    catalog = SimpleNamespace(
        labels=LABELS,
        class_names=NAMES,
        texts=np.array(["a cup", "tab\there\n", "mug", "mug 2", "", "hat"], object),
        image_path=lambda i: str(pictures[i]),
    )
    everything = {"validation": np.arange(6), "train": np.arange(6)}
    return SimpleNamespace(
        config=load_config(
            ROOT / "config.ini", ["loss.beta=0.5", "data.class_separator=<"]
        ),
        catalog=catalog,
        pipeline=Pipeline(None, None, LABELS, np.arange(6), everything, 2, 0),
    )


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path / "run")


def session(run):
    """The start and the end of the run as the HParams page reads them."""
    events = EventAccumulator(str(run.tensorboard_folder)).Reload()
    contents = events.PluginTagToContent(metadata.PLUGIN_NAME)
    start = metadata.parse_session_start_info_plugin_data(
        contents[metadata.SESSION_START_INFO_TAG]
    )
    end = contents.get(metadata.SESSION_END_INFO_TAG)
    return start, end and metadata.parse_session_end_info_plugin_data(end)


def test_hyperparameters_and_a_good_end(experiment, run):
    with Board(experiment, run, Scorer()):
        pass
    start, end = session(run)
    assert start.hparams["loss.beta"].number_value == 0.5
    assert start.hparams["objective.name"].string_value == "huse"
    assert start.group_name == "/".join(run.path.resolve().parts[-3:])
    assert end.status == api_pb2.STATUS_SUCCESS


@pytest.mark.parametrize(
    ("error", "status"),
    [(InputError("diverged"), api_pb2.STATUS_FAILURE), (Interrupted("later"), None)],
)
def test_a_bad_end_is_told_and_an_interruption_is_none(experiment, run, error, status):
    with pytest.raises(type(error)), Board(experiment, run, Scorer()):
        raise error
    _, end = session(run)
    assert (end and end.status) == status


def test_projector_files(experiment, run):
    with Board(experiment, run, Scorer()) as board:
        board.validated(10, last=False)
    folder = run.tensorboard_folder / "samples"
    text = (folder / "projector_config.pbtxt").read_text()
    entry = text_format.Parse(text, ProjectorConfig()).embeddings[0]
    assert list(entry.tensor_shape) == [12, 3]
    vectors = np.fromfile(folder / entry.tensor_path, "<f4").reshape(12, 3)
    assert np.array_equal(vectors, np.concatenate([IMAGES, TEXTS]))
    head, *rows = (folder / entry.metadata_path).read_text().splitlines()
    assert head.split("\t") == ["class", "branch", "title", "modality"]
    assert rows[0].split("\t") == ["home › cup", "home", "a cup", "image"]
    assert rows[7].split("\t") == ["home › cup", "home", "tab here", "text"]
    assert len(rows) == 12 and all(row.count("\t") == 3 for row in rows)
    sheet = tf.io.decode_png((folder / entry.sprite.image_path).read_bytes())
    side = entry.sprite.single_image_dim[0]
    assert sheet.shape == [4 * side, 4 * side, 3]  # 4 x 4 hold 12 tiles


def test_grids_at_validations_that_are_not_too_close_and_at_the_last(experiment, run):
    with Board(experiment, run, Scorer()) as board:
        board.validated(10, last=False)
        board.validated(15, last=False)
        board.validated(20, last=True)
    events = EventAccumulator(str(run.tensorboard_folder / "samples")).Reload()
    tags = {"nearest/image_to_text", "nearest/text_to_image"}
    assert set(events.Tags()["tensors"]) == tags
    for tag in tags:
        written = events.Tensors(tag)
        assert [event.step for event in written] == [10, 20]
        width, height, picture = written[0].tensor_proto.string_val
        shape = tf.io.decode_jpeg(picture).shape
        assert shape == [int(height), int(width), 3]
        assert shape == [6 * grids.CELL[1], 6 * grids.CELL[0], 3]


def test_nothing_to_show_without_validation_rows(experiment, run):
    experiment.pipeline.split["validation"] = np.array([], np.int64)
    with Board(experiment, run, Scorer()) as board:
        board.validated(10, last=False)
    assert not (run.tensorboard_folder / "samples" / projector.CONFIG).exists()


def test_frames_tell_right_from_wrong():
    photo = np.zeros([grids.PHOTO, grids.PHOTO, 3], np.uint8)
    picture = grids.grid([["a $x^", photo, "宝"]], np.array([[1, 1, 0]]), NAMES)
    middle = grids.CELL[1] // 2
    frames = [tuple(picture[middle, 3 + i * grids.CELL[0]]) for i in range(3)]
    assert frames == [grids.GREY, grids.GREEN, grids.RED]


def test_sprite_lays_tiles_row_by_row():
    tiles = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones(
        [1, 2, 2, 3], np.uint8
    )
    sheet = projector.sprite(tiles)[..., 0]
    assert sheet[::2, ::2].tolist() == [[0, 1], [2, 255]]


def test_queries_come_from_as_many_classes_as_there_are():
    labels = np.array([0] * 50 + [1] + [2])
    rows = spread_over_classes(labels, 4, 0)
    assert len(set(rows.tolist())) == 4 and set(labels[rows]) == {0, 1, 2}
    assert len(set(labels[spread_over_classes(labels, 2, 0)])) == 2
