"""Finds the class of every product of a catalogue.

Example: {program} --run_dir runs/huse --csv new.csv --images new --to classes.csv

The catalogue need not have any class.
"""

from absl import flags

from huse_tf import cli

cli.define_run_dir()
cli.define_allow_code()
_CSV = flags.DEFINE_string("csv", None, "Another catalogue than the run's own.")
_IMAGES = flags.DEFINE_string("images", None, "The folder of that CSV's pictures.")
_TO = flags.DEFINE_string("to", None, "The table: FILE.csv, FILE.jsonl, FILE.parquet.")
_CLASSES = flags.DEFINE_string(
    "classes", None, "Other classes than the run's: names, or a CSV of examples."
)


def main() -> None:
    """Classifies, writes, and says how many."""
    from pathlib import Path

    from huse_tf.bulk.request import check_table, read_request

    request = read_request(_CSV.value, _IMAGES.value, _TO.value)
    check_table(request.to)
    cli.start_tensorflow()
    from huse_tf.bulk.predict import predict_catalogue
    from huse_tf.run.restore import restore_run

    trained = restore_run(cli.run_dir(), cli.allow_code())
    predict_catalogue(
        trained, request, Path(_CLASSES.value) if _CLASSES.value else None
    )
