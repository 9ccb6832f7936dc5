"""`huse example`: what it lays down, from a clone and from a wheel."""

import os
import runpy

import pytest
from setuptools import Distribution, find_packages
from small_runs import ROOT

from huse_tf.commands import example
from huse_tf.config import load_config
from huse_tf.errors import InputError


def files(folder):
    """Path -> content of every file below a folder, but what Python compiled."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def expected():
    clone = {f"data/example/{k}": v for k, v in files(ROOT / "data/example").items()}
    return {**clone, "config.ini": (ROOT / "config.ini").read_bytes()}


def test_lays_down_the_config_and_the_catalogue_it_names(tmp_path, capsys):
    there = tmp_path / "to begin" / "with"
    example.main(str(there))
    assert files(there) == expected()
    data = load_config(there / "config.ini").data
    assert data.csv.is_file() and data.images.is_dir()
    assert f"cd '{there}' && huse train -b 512 -e 60" in capsys.readouterr().out


def test_overwrites_nothing(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    example.lay_down(tmp_path)
    before = files(tmp_path)
    with pytest.raises(InputError, match="is there already and is not overwritten"):
        example.lay_down(tmp_path)
    assert files(tmp_path) == before
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.ini").write_text("mine")
    with pytest.raises(InputError, match="config.ini is there already"):
        example.lay_down(other)
    assert files(other) == {"config.ini": b"mine"}
    with pytest.raises(InputError, match="notes.txt is a file; name a folder"):
        example.lay_down(tmp_path / "notes.txt")


def test_goes_on_where_a_copy_was_interrupted(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            example.lay_down(tmp_path)
    example.lay_down(tmp_path)
    assert files(tmp_path) == expected()


def test_a_wheel_carries_it(tmp_path, call, monkeypatch):
    """What a wheel is made of is built; huse then runs from there, away from here."""
    built = tmp_path / "built"
    monkeypatch.chdir(ROOT)
    setup = runpy.run_path("setup.py", run_name="setup")
    package = {"packages": find_packages(include=["huse_tf*"])}
    built_by = Distribution({**package, "script_name": "setup.py"})
    build = setup["BuildWithStarter"](built_by)
    build.build_lib = str(built)
    build.ensure_finalized()
    build.run()
    assert files(built / "huse_tf" / "starter") == expected()
    words = ["-m", "huse_tf", "example", "there"]
    status, output, errors = call(words, cwd=tmp_path, package=built)
    assert (status, errors) == (0, "")
    assert "cd there && huse train" in output
    assert files(tmp_path / "there") == expected()
