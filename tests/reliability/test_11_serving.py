"""Promise 11: requests as TF Serving takes them are answered, README's among them."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import serving_process
import tensorflow as tf
from export_fakes import DIM, TEXTS, make_module, pictures
from serving_process import WrongRequest

ROOT = Path(__file__).parents[2]
BROKEN = 3  # its place among the pictures
BOTH = ["image_bytes", "text"]


def b64(contents):
    return {"b64": base64.b64encode(contents).decode()}


def readme_requests(folder):
    """Runs README's curl lines in a shell where curl says what it would send."""
    lines = re.findall(r"^ +(curl .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    curl = folder / "curl"
    curl.write_text('#!/bin/sh\nprintf "%s\\n" "$1" "$2" "$3"\n')
    curl.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    requests = []
    for line in lines:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            cwd=ROOT,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        url, flag, data = done.stdout.rstrip("\n").split("\n")
        assert re.fullmatch(r"localhost:8501/v1/models/\w+:predict", url)
        assert flag == "-d"
        requests.append(json.loads(data))
    return requests


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What a process that imports TensorFlow alone answers, by request."""
    folder = tmp_path_factory.mktemp("serving")
    module, _ = make_module()
    tf.saved_model.save(module, str(folder / "1"), signatures=module.functions)
    images = [b64(image) for image in pictures()]
    rows = [
        dict(zip(BOTH, row, strict=True)) for row in zip(images, TEXTS, strict=True)
    ]
    good = rows[:BROKEN] + rows[BROKEN + 1 :]
    classify = {"signature_name": "classify"}
    both = {"image_bytes": images, "text": TEXTS}
    requests = {
        "rows": {"instances": rows},
        "rows without the broken one": {"instances": good},
        "columns": {"inputs": both},
        "classify rows": {**classify, "instances": rows},
        "classify columns": {**classify, "inputs": both},
        "plain images": {"signature_name": "embed_image", "instances": images},
        "a plain column": {"signature_name": "embed_text", "inputs": TEXTS},
        "a missing key": {"instances": [{"text": "no image"}]},
    }
    for number, request in enumerate(readme_requests(folder)):
        requests[f"README {number}"] = request
    script = ROOT / "tests/serving_process.py"
    done = subprocess.run(
        [sys.executable, "-P", str(script), str(folder / "1")],
        input=json.dumps(list(requests.values())),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    reply = json.loads(done.stdout)
    assert "huse_tf" not in reply["packages"]
    return dict(zip(requests, reply["answers"], strict=True))


def test_the_lines_of_the_readme_are_answered(answers):
    texts, image = (answers[f"README {number}"]["predictions"] for number in (0, 1))
    assert f"README {2}" not in answers
    (row,) = texts
    assert len(row["embedding"]) == DIM and row["valid"] is True
    (row,) = image
    valid = {"valid", "image_valid", "text_valid"}
    assert set(row) == {"embedding", "class_name", "probability"} | valid
    assert all(row[name] is True for name in valid)


@pytest.mark.parametrize("signature", ["", "classify "])
def test_rows_and_columns_are_answered_alike(answers, signature):
    rows = answers[f"{signature}rows"]["predictions"]
    columns = answers[f"{signature}columns"]["outputs"]
    assert len(rows) == len(TEXTS)
    for name, column in columns.items():
        assert [row[name] for row in rows] == column


def test_a_broken_picture_without_a_text_costs_its_row_alone(answers):
    rows = answers["rows"]["predictions"]
    assert [row["valid"] for row in rows] == [i != BROKEN for i in range(len(TEXTS))]
    assert rows[BROKEN]["embedding"] == [0.0] * DIM
    others = rows[:BROKEN] + rows[BROKEN + 1 :]
    calm = answers["rows without the broken one"]["predictions"]
    for row, alone in zip(others, calm, strict=True):
        assert row["embedding"] == pytest.approx(alone["embedding"], abs=1e-5)
        assert row["class_name"] == alone["class_name"]


def test_one_input_needs_no_name(answers):
    images = answers["plain images"]["predictions"]
    assert [row["valid"] for row in images].count(False) == 1
    assert len(answers["a plain column"]["outputs"]["embedding"]) == len(TEXTS)
    assert (
        "keys must be equal to: image_bytes,text" in answers["a missing key"]["error"]
    )


@pytest.mark.parametrize(
    ("request_", "names", "fed"),
    [
        ({"instances": ["a", "b"]}, ["text"], {"text": [b"a", b"b"]}),
        ({"instances": [{"b64": "Yg=="}]}, ["text"], {"text": [b"b"]}),
        ({"instances": [{"text": "é"}]}, ["text"], {"text": ["é".encode()]}),
        ({"inputs": ["a"]}, ["text"], {"text": [b"a"]}),
        ({"inputs": {"b64": "Yg=="}}, ["text"], {"text": b"b"}),
        ({"inputs": {"text": ["a"], "more": 1}}, ["text"], {"text": [b"a"]}),
        ({"inputs": {"image_bytes": [{"b64": "/9g="}], "text": ["b64"]}}, BOTH,
         {"image_bytes": [b"\xff\xd8"], "text": [b"b64"]}),
    ],
)  # fmt: skip
def test_what_a_request_feeds(request_, names, fed):
    """By the rules of TF Serving's json_tensor.cc, worked out by hand."""
    assert serving_process.columns(request_, names) == fed


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"instances": ["a"], "inputs": ["a"]}, "one of 'inputs' or 'instances'"),
        ({"signature_name": "embed_text"}, "one of 'inputs' or 'instances'"),
        ({"instances": []}, "must be a list with values"),
        ({"instances": ["a"]}, "expecting list of objects"),
        ({"instances": [{"text": "a"}]}, "keys must be equal to: image_bytes,text"),
        ({"instances": [{"image_bytes": "", "text": ""}, "a"]}, "not a mix"),
        ({"instances": [{"image_bytes": {"b64": 1}, "text": ""}]}, "base64"),
        ({"instances": [{"image_bytes": 5, "text": ""}]}, "expected type: string"),
        ({"inputs": ["a"]}, "expecting an object"),
        ({"inputs": {"text": ["a"]}}, "Missing named input: image_bytes"),
    ],
)
def test_what_is_no_request(request_, error):
    with pytest.raises(WrongRequest, match=error):
        serving_process.columns(request_, BOTH)
