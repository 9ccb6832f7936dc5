"""Evaluates a trained run on a split of its rows, or on a CSV.

Example: {program} --run_dir runs/huse --split validation
"""

from absl import flags

from huse_tf import cli

cli.define_run_dir()
cli.define_allow_code()
_SPLIT = flags.DEFINE_enum(
    "split", "test", ["train", "validation", "test"], "Rows to evaluate."
)
_CSV = flags.DEFINE_string("csv", None, "Evaluate all rows of this CSV instead.")
_REPORT = flags.DEFINE_bool("report", False, "Draw an HTML report of them too.")
_IMAGES = flags.DEFINE_string("images", None, "The folder of that CSV's pictures.")


def main() -> None:
    """Prints the metrics, and keeps them in the run folder."""
    from pathlib import Path

    cli.start_tensorflow()
    from huse_tf.errors import InputError
    from huse_tf.evaluation import write_evaluation
    from huse_tf.held_out import evaluate_csv, evaluate_split
    from huse_tf.metrics.table import format_table
    from huse_tf.run.restore import restore_run

    if bool(_CSV.value) != bool(_IMAGES.value):
        raise InputError("--csv and --images go together: name both, or neither")
    trained = restore_run(cli.run_dir(), cli.allow_code())
    folder = trained.run.path
    csv = Path(_CSV.value).resolve() if _CSV.value else None
    name = trained.run.name_of(csv) if csv else _SPLIT.value
    report = folder / f"report_{name}.html" if _REPORT.value else None
    if csv:
        metrics, meta = evaluate_csv(trained, csv, Path(_IMAGES.value), report)
    else:
        metrics, meta = evaluate_split(trained, _SPLIT.value, report)
    print(format_table(metrics))
    path = folder / f"evaluation_{name}.json"
    write_evaluation(path, metrics, meta)
    print(f"\nwritten to {path}" + (f" and {report}" if report else ""))
