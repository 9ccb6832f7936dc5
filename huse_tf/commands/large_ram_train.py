"""Trains HUSE on a catalogue, all features in memory.

Example: {program} -b 512 -e 1500
"""

from huse_tf import cli
from huse_tf.catalog import check_sources

cli.define_training_flags()
cli.define_start_from()


def main() -> None:
    """Trains, evaluates and exports one run."""
    config = cli.training_config()
    check_sources(config.data)
    cli.start_tensorflow()
    from huse_tf.run.pipelines import features_in_ram as keep
    from huse_tf.training.fit import fit

    fit(config, cli.run_dir(), keep, cli.accept_changes(), cli.start_from())
