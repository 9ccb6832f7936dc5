"""A run is read back with the encoders that it was trained with, or not at all."""

import json
import shutil

import pytest

from huse_tf.errors import InputError
from huse_tf.run.folder import RunFolder
from huse_tf.run.restore import restore_run


@pytest.mark.parametrize(
    ("section", "fact", "then"),
    [
        ("text_encoder", "preprocessing", 0),  # an earlier version's
        ("image_encoder", "weights", "f" * 64),
    ],
)
def test_a_run_is_not_served_with_another_encoder(
    small_run, tmp_path, section, fact, then
):
    """Of the same dimensions, which its weights would fit."""
    run = RunFolder(shutil.copytree(small_run, tmp_path / "run"))
    restore_run(run.path)
    encoders = json.loads(run.encoders_file.read_text())
    assert encoders[section][fact] != then
    encoders[section][fact] = then
    run.encoders_file.write_text(json.dumps(encoders))
    with pytest.raises(InputError) as error:
        restore_run(run.path)
    text = str(error.value)
    assert f"{section} {fact}: {str(then)[:12]}" in text and " now)" in text
    assert "put the encoder back" in text and "\n" not in text


def test_a_run_from_before_encoders_were_noted_is_served(small_run, tmp_path):
    run = RunFolder(shutil.copytree(small_run, tmp_path / "run"))
    run.encoders_file.unlink()
    assert restore_run(run.path).text_encoder.dim
