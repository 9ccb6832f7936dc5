"""The real command: words to JSON and a gallery."""

import json
import subprocess
import sys

from small_runs import ROOT, products


def run(*arguments):
    command = [sys.executable, str(ROOT / "search.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_words_to_json_and_a_gallery(small_run, tmp_path):
    row, gallery = products()[3], tmp_path / "out.html"
    ended = run(
        "--run_dir", small_run, "--text", row["text"], "-k", 3, "--in", "texts",
        "--json", "--gallery", gallery,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert len(answer["results"]) == 3
    assert answer["results"][0]["title"] == row["text"]
    assert row["text"] in gallery.read_text(encoding="utf-8")
