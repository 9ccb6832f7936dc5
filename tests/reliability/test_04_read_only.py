"""Promise 4: what may only be read is read, and what must be written says so."""

import json
import shutil
import signal
import time
import urllib.request

import pytest
from disks import read_only
from processes import SMALL, Job, command, run, weights
from small_runs import ROOT

WHY = "Read-only file system"


@pytest.fixture(scope="module")
def archived(shop, calm):
    """The folder of a finished run, without an index."""
    return shutil.copytree(calm, shop.folder / "archived")


@pytest.fixture(scope="module")
def indexed(shop, calm):
    """The folder of a finished run that was searched once."""
    folder = shutil.copytree(calm, shop.folder / "indexed")
    asked = ("--text=red", f"--run_dir={folder}")
    status, output = run(command, "search", *asked, log=shop.log("indexed"))
    assert status == 0, output
    return folder


def refused(output):
    """The line that says why, which is the only one."""
    assert "Traceback" not in output
    last = output.strip().splitlines()[-1]
    assert last.startswith("error: ") and WHY in last, output
    return last


def answers(output):
    """The JSON that a search printed, behind what TensorFlow says of absent GPUs."""
    found = json.loads(output[output.index("{") :])["results"]
    assert len(found) == 3
    return found


def asked(folder, name, *flags):
    """Runs a command on a run folder that cannot be written: (status, output)."""
    log = folder.with_suffix(f".{name}.log")
    with read_only(folder):
        return run(command, name, f"--run_dir={folder}", *flags, log=log)


@pytest.mark.slow
@pytest.mark.parametrize("in_ram", [False, True])
def test_training_there_is_one_line(shop, archived, in_ram):
    """Whether it is finished or not: nobody could hold its lock."""
    with read_only(archived):
        status, output = shop.train("archived", {"training.epochs": "9"}, in_ram)
    assert status == 1
    assert str(archived) in refused(output)


@pytest.mark.slow
def test_its_towers_begin_another_run(shop, archived):
    chosen = {**SMALL, **shop.settings, "training.epochs": "1"}
    flags = [f"--config={ROOT / 'config.ini'}", f"--start_from={archived}"]
    flags += [f"--run_dir={shop.folder / 'begun'}"]
    flags += [f"--set={key}={value}" for key, value in chosen.items()]
    with read_only(archived):
        status, output = run(command, "train", *flags, log=shop.log("begun"))
    assert status == 0, output
    assert (shop.folder / "begun/started_from.json").exists()


@pytest.mark.slow
def test_an_evaluation_is_printed_before_it_cannot_be_kept(archived):
    status, output = asked(archived, "evaluate", "--split=validation")
    assert status == 1 and "same product" in output
    assert "evaluation_validation.json" in refused(output)


@pytest.mark.slow
@pytest.mark.parametrize("flags", [("--text=red",), ("--serve", "--port=0")])
def test_an_index_that_cannot_be_built_is_one_line(archived, flags):
    status, output = asked(archived, "search", *flags)
    assert status == 1
    assert f"{archived}/search" in refused(output)


@pytest.mark.slow
@pytest.mark.parametrize("match", ["both", "vectors", "words"])
def test_an_index_that_is_there_is_searched(shop, indexed, match):
    flags = ("--text=red", f"--match={match}", "-k=3", "--json")
    status, output = asked(indexed, "search", *flags)
    assert status == 0, output
    work = (command, "search", f"--run_dir={indexed}", *flags)
    status, expected = run(*work, log=shop.log("writable"))
    assert status == 0 and answers(output) == answers(expected)


@pytest.mark.slow
def test_the_page_is_served(indexed, shop):
    pytest.importorskip("flask")
    pytest.importorskip("waitress")
    flags = (f"--run_dir={indexed}", "--serve", "--port=0")
    with read_only(indexed):
        job = Job(command, "search", *flags, log=shop.log("served"))
        deadline, said = time.monotonic() + 120, ""
        while "search on" not in said and time.monotonic() < deadline:
            assert job.process.is_alive(), said
            time.sleep(0.05)
            said = job.log.read_text(encoding="utf-8")
        address = said.partition("search on ")[2].split()[0]
        with urllib.request.urlopen(f"{address}api/catalogue", timeout=60) as answer:
            assert json.load(answer)["products"] == 60
        with urllib.request.urlopen(f"{address}picture/0", timeout=60) as answer:
            assert answer.read(3) == b"\xff\xd8\xff"
        job.process.terminate()
        status, output = job.end(timeout=60)
    assert status in (0, 75, -signal.SIGTERM) and "Traceback" not in output, output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "to", "flags"),
    [
        ("embed", "vectors", ("--format=npy",)),
        ("predict", "classes.csv", ()),
        ("export", "models", ()),
    ],
)
def test_what_is_written_elsewhere_is_written(archived, tmp_path, name, to, flags):
    """And where it is to go into the run folder itself, a line says that it cannot."""
    status, output = asked(archived, name, f"--to={tmp_path / to}", *flags)
    assert status == 0, output
    assert (tmp_path / to).exists()
    status, output = asked(archived, name, f"--to={archived / to}", *flags)
    assert status == 1 and str(archived / to) in refused(output), output


@pytest.mark.slow
def test_features_that_may_only_be_read_are_trained_on(shop, calm, tmp_path):
    """Pictures whose names nobody could keep are read again; none is encoded."""
    kept = shutil.copytree(shop.settings["features.folder"], tmp_path / "features")
    for names in kept.glob("image-keys-*.npz"):
        names.unlink()
    with read_only(kept):
        status, output = shop.train("borrowed", {"features.folder": kept})
    assert status == 0, output
    assert "image features: 60 rows, 0 to encode" in output
    assert f"{kept} may only be read: 60 pictures are read again" in output
    assert weights(shop.folder / "borrowed") == weights(calm)


@pytest.mark.slow
def test_features_that_must_be_written_there_are_one_line(shop, tmp_path):
    with read_only(tmp_path):
        status, output = shop.train("unborrowed", {"features.folder": tmp_path})
    assert status == 1
    assert refused(output).startswith(f"error: features.folder {tmp_path}")
