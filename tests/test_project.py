"""Files at the root that no other test runs agree with those that tests do."""

import fnmatch
import os
import re
import shlex
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from small_runs import ROOT

from huse_tf import doctor

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PATHS = ("pyproject.toml", "requirements.txt", "README.md", "LICENSE", "huse_tf")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def instructions(name):
    """(keyword, its words) for each line of a Dockerfile."""
    lines = text("Dockerfile").splitlines()
    split = [line.split(maxsplit=1) for line in lines if not line.startswith("#")]
    return [rest for keyword, rest in filter(None, split) if keyword == name]


def ignored(path):
    """Says whether .dockerignore keeps a path at the root out of an image."""
    return any(fnmatch.fnmatch(path, line) for line in text(".dockerignore").split())


def targets():
    return set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))


def test_the_python_that_was_tried():
    requires = PROJECT["project"]["requires-python"]
    assert doctor.PYTHON == requires
    (image,) = instructions("FROM")
    assert doctor.PYTHON.contains(re.fullmatch(r"python:(.+)-slim", image)[1])
    low = re.search(r">=(\d\.\d+)", requires)[1]
    assert PROJECT["tool"]["ruff"]["target-version"] == "py" + low.replace(".", "")


def test_an_image_copies_what_is_there_and_installs_as_readme_does():
    for words in instructions("COPY"):
        for source in words.split()[:-1]:
            assert (ROOT / source).exists() and not ignored(source), source
    assert not any(map(ignored, PATHS))
    commands = [words.replace("--no-cache-dir ", "") for words in instructions("RUN")]
    first, second = [words for words in commands if words.startswith("pip")]
    assert f"&& {first} &&" in text("README.md")
    # what the first installs are the dependencies that the second leaves out
    assert second == "pip install --no-deps ."
    dynamic = PROJECT["tool"]["setuptools"]["dynamic"]
    assert dynamic["dependencies"] == {"file": [first.removeprefix("pip install -r ")]}


def test_an_image_runs_the_command_as_an_ordinary_user():
    (user,) = instructions("USER")
    assert any(words.endswith(f" {user}") for words in instructions("RUN"))
    assert instructions("ENTRYPOINT") == ['["huse"]']
    assert "huse" in PROJECT["project"]["scripts"]


def test_what_git_ignores_is_no_part_of_an_image():
    for line in text(".gitignore").split():
        assert ignored("**/" + line.rstrip("/")) or ignored(line.rstrip("/")), line
    assert ignored(".git")


def test_before_a_commit_runs_what_continuous_integration_runs():
    """`make install`, then `make test`, which is `lint` and pytest."""
    hooks = re.findall(r"^ +entry: make (\w+)$", text(".pre-commit-config.yaml"), re.M)
    assert hooks == ["lint", "test"] and set(hooks) <= targets()
    assert text(".pre-commit-config.yaml").count("language: system") == len(hooks)
    assert re.findall(r"^make (\w+)$", text(".ci/run"), re.M) == ["install", hooks[-1]]
    assert re.search(r"^test: lint\b", text("Makefile"), re.M)


def test_each_required_package_has_its_reason():
    for line in text("requirements.txt").splitlines()[1:]:
        requirement, _, reason = line.partition(" #")
        Requirement(requirement.strip())
        assert reason.strip(), line


@pytest.fixture
def ci(tmp_path):
    """Runs .ci/run where the named Pythons alone are found: its exit, errors, calls.

    The fakes take the place of an interpreter that is in the range or is not.
    """

    def run(**pythons):
        for tool in ("dirname", "id", "rm"):
            path = subprocess.check_output(["which", tool], text=True).strip()
            (tmp_path / tool).symlink_to(path)
        made = {name.replace("_", "."): good for name, good in pythons.items()}
        made |= {"mktemp": True}
        for name, good in made.items():
            file = tmp_path / name
            log = shlex.quote(str(tmp_path / "calls"))
            place = shlex.quote(str(tmp_path / "environment"))
            file.write_text(
                f'#!/bin/sh\necho "{name} $1 $2" >> {log}\n'
                + (f"echo {place}\n" if name == "mktemp" else "")
                + f"exit {0 if good else 1}\n"
            )
            file.chmod(0o755)
        done = subprocess.run(
            ["/bin/bash", ROOT / ".ci" / "run"],
            env={**os.environ, "PATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        calls = tmp_path / "calls"
        return done, calls.read_text().splitlines() if calls.exists() else []

    return run


def test_continuous_integration_takes_the_python_it_finds(ci):
    """python3 is too new here and 3.13 is not there: 3.12 makes the environment."""
    _, calls = ci(python3=False, python3_12=True, python3_11=True)
    assert any(call == "python3.12 -m venv" for call in calls)
    assert not any(call.startswith("python3.11") for call in calls)


def test_continuous_integration_without_a_python_is_one_line(ci):
    done, _ = ci(python3=False)
    assert done.returncode == 1
    assert done.stderr == "no Python 3.11, 3.12 or 3.13 with venv found: install one\n"
