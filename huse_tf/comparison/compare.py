"""The whole comparison in a folder: run, record, tables, pictures."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from huse_tf.comparison.pictures import draw_curves, draw_tables
from huse_tf.comparison.record import Spent, record
from huse_tf.comparison.report import report
from huse_tf.comparison.runner import Budget, Runner
from huse_tf.comparison.variants import Variant
from huse_tf.config import Config
from huse_tf.errors import InputError
from huse_tf.replacing import replaced
from huse_tf.run import changes
from huse_tf.run.differences import fact_differences
from huse_tf.run.folder import RunFolder
from huse_tf.training.distribution import distribute
from huse_tf.training.fit import check_encoders_are_frozen

# A run may go on with other values of these; a comparison would mix the two.
FIXED = (
    "training.epochs",
    "training.early_stopping_epochs",
    "features.dtype",
    "evaluation.fusion_weight",
)


def compare(
    config: Config, run_dir: Path, variants: Sequence[Variant], budget: Budget
) -> None:
    """Trains variants, or goes on, and writes comparison.json, .md and pictures.

    Args:
        config: what the variants have in common.
        run_dir: the comparison's folder.
        variants: the rows of the tables.
        budget: of each variant.

    Raises:
        InputError: the user's input is wrong.
        Interrupted: a signal came; the same call goes on.
    """
    check_encoders_are_frozen(config, "compare.py")
    if config.training.distribute != "none":
        raise InputError(
            f"training.distribute = {config.training.distribute}: a comparison trains "
            "on one device; leave it at none"
        )
    distribute("none", config.training.batch_size, config.training.deterministic)
    if config.loss.delta == 0 and any(v.name == "huse_product" for v in variants):
        raise InputError(
            "loss.delta = 0 makes huse_product the same as huse: set loss.delta above "
            "0, or leave huse_product out of `methods`"
        )
    print(config.brief() + "\n")
    folder = RunFolder(run_dir)
    folder.claim()
    changes.check_config(folder, config)
    check_plan(folder, config, budget)
    config.save(folder.config_file)
    # Each run has a model, and so functions, of its own: no mistake, as it warns.
    tf.get_logger().setLevel(logging.ERROR)
    runner = Runner(config, folder.path, variants, budget)
    outcomes = []
    with Spent(folder.path / "seconds.json", runner) as spent:
        for outcome in runner.outcomes():
            outcomes.append(outcome)
            content = record(outcomes, config, budget, folder, spent.total)
            _write(folder.path / "comparison.json", json.dumps(content, indent=1))
            _write(folder.path / "comparison.md", report(outcomes, content))
    draw_tables(outcomes, folder.path)
    draw_curves(outcomes, folder.path)
    print("\n" + (folder.path / "comparison.md").read_text(encoding="utf-8"))
    print(f"written to {folder.path}")


def check_plan(folder: RunFolder, config: Config, budget: Budget) -> None:
    """Keeps how settings are chosen, or compares it with what the folder holds."""
    path = folder.path / "plan.json"
    plan = {name: config.value(name) for name in FIXED}
    plan |= {"trials": budget.trials, "trial_epochs": budget.trial_epochs}
    if not path.exists():
        if folder.config_file.exists():
            raise InputError(
                f"`run_dir` {folder.path} holds a run that is no comparison; name "
                "another folder"
            )
        _write(path, json.dumps(plan))
        return
    kept = json.loads(path.read_text())
    # an earlier version wrote the names of flags
    then = {name.removeprefix("--"): value for name, value in kept.items()}
    differences = fact_differences(then, plan)
    if differences:
        raise InputError(
            f"`run_dir` {folder.path} holds another comparison "
            f"({'; '.join(differences)}); name another `run_dir`"
        )


def _write(path: Path, text: str) -> None:
    with replaced(path) as beside:
        beside.write_text(text.rstrip() + "\n", encoding="utf-8")
