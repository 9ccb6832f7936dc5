"""README names what a run folder holds, and nothing else."""

import re

from readme_table import run_folder_names, unnamed
from small_runs import ROOT

from huse_tf.run.folder import RunFolder


def test_every_path_of_a_run_is_named(tmp_path):
    run = RunFolder(tmp_path)
    paths = [v for k, v in vars(run).items() if k.endswith(("_file", "_folder"))]
    assert len(paths) > 10
    for path in paths:
        name = path.relative_to(tmp_path).parts[0]
        assert {name, f"{name}/"} & set(run_folder_names()), name


def test_all_that_a_run_wrote_is_named(small_run):
    assert not unnamed(small_run)


def test_what_is_not_named_is_noticed(tmp_path):
    for name in ("config.ini", "evaluation_test.json", "lock", "evaluation.txt"):
        (tmp_path / name).touch()
    (tmp_path / "export").mkdir()
    (tmp_path / "report.html").mkdir()
    assert sorted(unnamed(tmp_path)) == ["evaluation.txt", "report.html/"]


def test_everything_named_is_written_somewhere():
    """A name's string stands in the code, <step> as the field of an f-string."""
    paths = [*(ROOT / "huse_tf").rglob("*.py"), *ROOT.glob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    for name in run_folder_names():
        pattern = re.sub(r"<\w+>", r"\\{\\w+\\}", re.escape(name.rstrip("/")))
        assert re.search(f'"{pattern}"', code), name
