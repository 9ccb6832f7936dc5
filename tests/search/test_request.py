"""Requests that make no sense are one line, before TensorFlow starts."""

import subprocess
import sys

import pytest
from small_runs import ROOT

from huse_tf.errors import InputError
from huse_tf.search.request import Request, check, read_queries


@pytest.mark.parametrize(
    ("request_", "serve", "message"),
    [
        (Request(), False, "nothing to search for: name `text`"),
        (Request(text=" "), False, "`text` is empty; expected words"),
        (Request(image="gone.jpg"), False, "`image` gone.jpg: no such file"),
        (Request(text="x", k=0), False, "`k`: expected a whole number >= 1"),
        (Request(text="x", csv="a.csv"), False, "`csv` and `images` go together"),
        (Request(text="x", gallery="a.pdf"), False, "a.pdf: expected .* .html or .png"),
        (Request(text="x"), True, "`serve` opens a page"),
        (Request(match="words"), True, "`serve` opens a page"),
        (Request(image="a.jpg", match="words"), False, "`match` words compares words"),
        (Request(text="x", match="any"), False, "`match`: expected one of both, "),
        (Request(text="x", queries="q"), False, "`queries` answers a file: leave out"),
        (Request(queries="q", gallery="a.png"), False, "`queries` answers a file"),
    ],
)
def test_one_line(request_, serve, message):
    with pytest.raises(InputError, match=message) as caught:
        check(request_, serve)
    assert "\n" not in str(caught.value)


def test_good_requests():
    check(Request(text="red", gallery="a.PNG", k=1), serve=False)
    check(Request(csv="a.csv", images="images"), serve=True)
    check(Request(queries="queries.txt", match="words", json=True), serve=False)


def test_a_file_of_queries(tmp_path, capsys):
    path = tmp_path / "queries.txt"
    path.write_bytes("\ufeffred mug\r\n\n  茶杯 \n \nchair".encode())
    assert read_queries(path) == [(1, "red mug"), (3, "茶杯"), (5, "chair")]
    assert capsys.readouterr().err == f"{path}: empty and left out: lines 2, 4\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"red\n\xff\n", "line 2 is not UTF-8"),
        (b" \n\n", "no query in it; expected words, one query a line"),
        (None, "cannot be read .No such file or directory."),
    ],
)
def test_files_that_are_no_queries(tmp_path, content, message):
    path = tmp_path / "queries.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"`queries` {path}: {message}"):
        read_queries(path)


def test_the_command_says_so_and_ends_with_1():
    ended = subprocess.run(
        [sys.executable, "search.py", "--image", "gone.jpg"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1 and ended.stdout == ""
    assert ended.stderr == (
        "error: --image gone.jpg: no such file; expected a picture\n"
    )
