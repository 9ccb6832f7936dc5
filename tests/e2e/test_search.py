"""The real command: words to JSON and a gallery, a file of queries."""

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


def test_a_file_of_queries_is_one_line_of_json_each(small_run, tmp_path):
    row = products()[3]
    queries = tmp_path / "queries.txt"
    queries.write_text(f"{row['text']}\n\nqwzx\n", encoding="utf-8")
    ended = run("--run_dir", small_run, "--queries", queries, "-k", 2, "--json")
    assert ended.returncode == 0, ended.stderr
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [a["query"]["line"] for a in answers] == [1, 3]
    assert [a["query"]["text"] for a in answers] == [row["text"], "qwzx"]
    assert [len(a["results"]) for a in answers] == [2, 0]
    assert answers[0]["results"][0]["title"] == row["text"]
    assert "no title has any of these words" in answers[1]["note"]
    assert "empty and left out: line 2" in ended.stderr
