"""Compares HUSE with other methods, or with variants of itself.

Example: {program} -b 1024 -e 20
"""

from absl import flags

from huse_tf import cli
from huse_tf.catalog import check_sources
from huse_tf.comparison.variants import METHODS

cli.define_training_flags(run_dir="runs/comparison")
_ALL = ",".join(METHODS)
_METHODS = flags.DEFINE_string("methods", None, f"Joined by commas; default {_ALL}.")
_PRESET = flags.DEFINE_string(
    "preset",
    None,
    "Variants of HUSE instead: terms, graph_margin, margin, logit_scale or graph.",
)
_SEEDS = flags.DEFINE_integer(
    "seeds", 3, "Trainings of each method: training.seed, +1, ...", lower_bound=1
)
_TRIALS = flags.DEFINE_integer(
    "trials",
    None,
    "Settings tried for each method, the first the config's; default 3, 0 is none.",
    lower_bound=0,
)
_TRIAL_EPOCHS = flags.DEFINE_integer(
    "trial_epochs", None, "Of each trial; default: as many as --epochs.", lower_bound=1
)


def main() -> None:
    """Trains all methods and writes tables, pictures and comparison.json."""
    config = cli.training_config()
    check_sources(config.data)
    cli.start_tensorflow()
    from huse_tf.comparison import variants
    from huse_tf.comparison.compare import compare
    from huse_tf.comparison.runner import Budget
    from huse_tf.errors import InputError

    if _PRESET.value is None:
        rows = variants.methods(_METHODS.value or _ALL)
        trials = 3 if _TRIALS.value is None else _TRIALS.value
    elif _METHODS.value or _TRIALS.value:
        raise InputError(
            "--preset is a list of variants of its own, without trials: leave "
            "--methods and --trials out"
        )
    else:
        rows, trials = variants.preset(_PRESET.value), 0
    epochs = _TRIAL_EPOCHS.value or config.training.epochs
    compare(config, cli.run_dir(), rows, Budget(_SEEDS.value, trials, epochs))
