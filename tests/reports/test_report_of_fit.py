"""A report that cannot be drawn does not fail the run."""

from pathlib import Path
from types import SimpleNamespace

from huse_tf.run.folder import RunFolder
from huse_tf.training import fit


def test_the_run_says_how_to_draw_it_again(monkeypatch, capsys):
    def fail(*answers):
        raise MemoryError("no room\nfor pixels")

    monkeypatch.setattr(fit, "write_beside", fail)
    experiment = SimpleNamespace(config=None, catalog=None, pipeline=None)
    trainer = SimpleNamespace(scorer=None)
    trained = SimpleNamespace(run=RunFolder(Path("runs/x")))
    fit._draw_report(experiment, trainer, trained, {}, {})
    assert capsys.readouterr().out == (
        "the run is whole, but its report could not be drawn (no room); "
        "evaluating runs/x with a report tries again\n"
    )
