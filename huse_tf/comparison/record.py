"""comparison.json: settings, metrics of every seed, trials, machine, time."""

import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from huse_tf.comparison import sweep
from huse_tf.comparison.outcomes import Outcome
from huse_tf.comparison.runner import Budget, Runner
from huse_tf.config import Config
from huse_tf.machine import hardware, versions
from huse_tf.replacing import replaced
from huse_tf.run.folder import RunFolder


class Spent:
    """Adds up the seconds of a comparison over the processes that worked on it."""

    def __init__(self, path: Path, runner: Runner):
        """Takes the file that holds the sum, and what spends."""
        self._path, self._runner = path, runner
        self._before = json.loads(path.read_text()) if path.exists() else 0.0

    @property
    def total(self) -> float:
        """Seconds spent in runs so far."""
        return self._before + self._runner.seconds

    def __enter__(self) -> "Spent":
        """Starts counting."""
        return self

    def __exit__(self, *error) -> None:
        """Keeps the sum, whatever happened."""
        with replaced(self._path) as beside:
            beside.write_text(json.dumps(self.total))


def record(
    outcomes: Sequence[Outcome],
    config: Config,
    budget: Budget,
    folder: RunFolder,
    seconds: float,
) -> dict:
    """Returns what comparison.json holds."""
    first = RunFolder(next(iter(outcomes[0].folders.values())))
    return {
        "command": " ".join(["python", *sys.argv]),
        "date": datetime.date.today().isoformat(),
        "catalog": {
            "csv": str(config.data.csv),
            **first.read_catalog_facts(),
        },
        "batch_size": config.training.batch_size,
        "epochs": config.training.epochs,
        "trials": budget.trials,
        "trial_epochs": budget.trial_epochs,
        "selection": {
            "rows": "validation",
            "mean_of": list(sweep.ONE_SPACE_SCORE),
            "mean_of_two_spaces": list(sweep.TWO_SPACES_SCORE),
        },
        "run_seconds": round(seconds, 1),
        "hardware": hardware(),
        "versions": versions(),
        "variants": {outcome.variant.name: _row(outcome) for outcome in outcomes},
    }


def _row(outcome: Outcome) -> dict:
    return {
        "settings": dict(outcome.settings),
        "trials": [
            {"settings": dict(trial.settings), "validation_score": trial.score}
            for trial in outcome.trials
        ],
        "seeds": {str(seed): dict(run) for seed, run in outcome.seeds.items()},
        "mean": outcome.mean,
        "std": outcome.std,
    }
