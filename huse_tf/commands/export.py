"""Publishes a trained run's best model as the next version.

Example: {program} --run_dir runs/huse --to models/huse
"""

from absl import flags

from huse_tf import cli

cli.define_run_dir()
cli.define_allow_code()
_TO = flags.DEFINE_string(
    "to", None, "The folder of the versions; the run's own export folder if not given."
)


def main() -> None:
    """Exports, verifies and prints where the version is."""
    cli.start_tensorflow()
    from huse_tf.run.restore import restore_run
    from huse_tf.serving.export import export_run

    trained = restore_run(cli.run_dir(), cli.allow_code())
    version = export_run(trained, _TO.value or trained.run.export_folder)
    print(f"exported {version}")
