"""--help and what is wrong with a command line, all of it without TensorFlow."""

import re
from pathlib import Path

import pytest
from programs import REACHED, flags_of, programs
from small_runs import ROOT

import huse_tf
from huse_tf.commands import COMMANDS, summary

PACKAGE = Path(huse_tf.__file__).parent
# Where a command's module, or cli.py on its behalf, names a flag.
DEFINED = re.compile(r'DEFINE_\w+\(\s*"(\w+)"')


def flags_defined_by(source):
    """The flags that a source defines, itself and by what it calls of cli.py."""
    shared = (PACKAGE / "cli.py").read_text(encoding="utf-8")
    found = set(DEFINED.findall(source))
    for function in set(re.findall(r"\b(define_\w+)\(", source)):
        body = re.search(rf"^def {function}\(.*?(?=^def |\Z)", shared, re.M | re.S)[0]
        found |= flags_defined_by(body.partition("\n")[2])
    return found


def test_help_lists_every_flag_that_is_defined(helps):
    """The flags in the source of each command, and those of cli.py that it asks for."""
    assert {"run_dir", "batch_size", "set"} <= flags_defined_by(
        "cli.define_training_flags()"
    )
    for name, module in COMMANDS.items():
        path = PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")
        expected = {"help", *flags_defined_by(path.read_text(encoding="utf-8"))}
        assert flags_of(helps[f"huse {name}"]) == expected, name


def test_scripts_and_modules_are_the_commands(helps):
    """Each prints what `huse X --help` prints, but for how it is called."""
    scripts = [name for name in helps if not name.startswith("huse ")]
    assert len(scripts) == len(COMMANDS) - 1  # of `huse example` a clone has no need
    for script in scripts:
        stem = re.search(r"(\w+?)(\.py)?$", script)[1].replace("_", "-")
        of_huse = helps[f"huse {stem}"].replace(f"huse {stem}", script)
        assert helps[script] == of_huse, script
        assert f"Example: {script} " in of_huse


def test_help_shows_choices_and_defaults(helps):
    text = " ".join(helps["python evaluate.py"].split())
    assert "--split: <train|validation|test>: Rows to evaluate. (default: 'test')" in (
        text
    )
    assert "--run_dir: The run's folder. (default: 'runs/huse')" in text
    assert "-b,--batch_size: " in helps["python train.py"]
    assert "'runs/comparison'" in helps["python compare.py"]


def test_h_is_help(call, helps):
    for name in ("huse search", "python train.py"):
        assert call([*programs()[name], "-h"]) == (0, helps[name], "")


def test_huse_lists_its_commands(call):
    status, output, errors = call(["-m", "huse_tf", "--help"])
    assert (status, errors) == (0, "")
    assert call(["-m", "huse_tf"])[1] == output
    for name in COMMANDS:
        assert re.search(rf"^  huse {name} +{re.escape(summary(name))}$", output, re.M)
    assert max(map(len, output.splitlines())) <= 88


def test_version(call):
    said = call(["-m", "huse_tf", "--version"])
    assert said == (0, f"huse_tf {huse_tf.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-m", "huse_tf", "trian"], "no command 'trian'; the nearest is train"),
        (["train.py", "--batchsize", "4"], "'batchsize'. Did you mean: batch_size;"),
        (["train.py", "-b", "x"], "--batch_size=x: invalid literal"),
        (["train.py", "oops"], "unexpected argument 'oops'; see python train.py"),
        (["-m", "huse_tf", "train", "oops"], "'oops'; see huse train --help"),
        (["-m", "huse_tf", "evaluate", "--split", "tset"], "train|validation|test"),
        (["-m", "huse_tf", "example"], "expected the folder to begin in"),
    ],
)
def test_a_wrong_command_line_is_one_line(call, words, message):
    status, output, errors = call(words)
    assert (status, output) == (1, "")
    assert errors.startswith("error: ") and errors.count("\n") == 1
    assert message in errors


@pytest.mark.parametrize("name", ["train", "large-ram-train", "compare", "features"])
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("data.csv=gone.csv", "gone.csv: cannot read the catalogue: No such file"),
        ("data.images=gone", "gone: the images folder is not there"),
    ],
)
def test_what_is_missing_is_said_before_tensorflow(call, name, setting, message):
    status, _, errors = call(["-m", "huse_tf", name, "--set", setting])
    assert status == 1
    assert errors.startswith(f"error: {ROOT / 'gone'}") and errors.count("\n") == 1
    assert message in errors and f"{setting.split('=')[0]} names it: set it" in errors


def test_tensorflow_is_out_of_reach_there(call):
    """Where nothing is missing the same command goes on to import it."""
    status, _, errors = call(["-m", "huse_tf", "train"])
    assert status == 1 and REACHED in errors


def test_the_two_trainers_differ_by_one_line():
    """Beside the docstring's first line, which says so."""
    texts = [
        (PACKAGE / "commands" / name).read_text(encoding="utf-8").splitlines()
        for name in ("train.py", "large_ram_train.py")
    ]
    differ = [pair for pair in zip(*texts, strict=True) if len(set(pair)) > 1]
    assert len(differ) == 2
    assert differ[1][0].strip().startswith("from huse_tf.run.pipelines import ")
