"""Requests that make no sense are one line, before TensorFlow starts."""

import subprocess
import sys

import pytest
from small_runs import ROOT

from huse_tf.errors import InputError
from huse_tf.search.request import Request, check


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
    ],
)
def test_one_line(request_, serve, message):
    with pytest.raises(InputError, match=message) as caught:
        check(request_, serve)
    assert "\n" not in str(caught.value)


def test_good_requests():
    check(Request(text="red", gallery="a.PNG", k=1), serve=False)
    check(Request(csv="a.csv", images="images"), serve=True)


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
