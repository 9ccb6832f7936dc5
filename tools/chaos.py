"""Kills one training at random moments, again and again, and compares its end.

Example: python tools/chaos.py --kills 50 --seed 0 [--fine_tune] [--augment] [--in_ram]

The training is train.py's, on the example, in processes of their own that die of
SIGKILL: at random steps and, where a run stands past its step already, while it starts.
The checkpoints that it ends with must be those of a training that nobody disturbed,
bit by bit. With --fine_tune a small network with dropout trains along, with --augment
its pictures vary, with --in_ram the training is large_ram_train.py's.
"""

import json
import multiprocessing
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
from absl import app, flags

from huse_tf.config import load_config

ROOT = Path(__file__).parents[1]
START_SECONDS = 3.0  # most that a process lives that stands past its step already
STEP_SECONDS = 0.05  # most that it lives after a checkpoint: within a step, or a save

KILLS = flags.DEFINE_integer("kills", 50, "How many.")
SEED = flags.DEFINE_integer("seed", 0, "Of the moments.")
FOLDER = flags.DEFINE_string("folder", "runs/chaos", "Emptied first.")
EPOCHS = flags.DEFINE_integer("epochs", 100, "Of the training.")
FINE_TUNE = flags.DEFINE_bool("fine_tune", False, "Train a small network along.")
AUGMENT = flags.DEFINE_bool("augment", False, "Vary the pictures.")
IN_RAM = flags.DEFINE_bool("in_ram", False, "Hold the features in memory.")

SIDE = 24  # pixels, of the small network
SETTINGS = {
    "training.batch_size": 128,
    "training.checkpoint_minutes": 1e-3,
    "towers.units": 64,
    "towers.embedding_dim": 32,
    "export.at_end": "no",
}


def settings(folder: Path) -> dict[str, object]:
    """Returns what the flags ask for, making the small network where they do."""
    chosen = {**SETTINGS, "training.epochs": EPOCHS.value}
    chosen["features.folder"] = folder / "features"
    if FINE_TUNE.value or AUGMENT.value:
        chosen |= {
            "image_encoder.name": small_network(folder),
            "image_encoder.weights": "none",
            "image_encoder.size": SIDE,
            "image_encoder.fine_tune": "all" if FINE_TUNE.value else "none",
            "image_encoder.augment": "yes" if AUGMENT.value else "no",
        }
    return chosen


def small_network(folder: Path) -> Path:
    """Saves a network with dropout that trains in milliseconds."""
    import keras

    keras.utils.set_random_seed(SEED.value)
    pixels = keras.Input([SIDE, SIDE, 3])
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu")(pixels)
    x = keras.layers.Conv2D(6, 3)(keras.layers.Dropout(0.2)(x))
    path = folder / "network.keras"
    keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(x)).save(path)
    return path


def train(run_dir: Path, overrides: list[str], in_ram: bool) -> None:
    """Trains in a process of its own, whose output goes to a file."""
    log = os.open(f"{run_dir}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    import tensorflow as tf

    from huse_tf.run.pipelines import features_in_ram, stored_features
    from huse_tf.training.fit import fit

    tf.config.experimental.enable_op_determinism()
    config = load_config(run_dir.parent / "config.ini", overrides)
    fit(config, run_dir, features_in_ram if in_ram else stored_features)


def start(run_dir: Path, overrides: list[str]):
    """Starts `train` by a server that has imported TensorFlow already."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["huse_tf.training.fit"])
    arguments = (run_dir, overrides, IN_RAM.value)
    process = server.Process(target=train, args=arguments)
    process.start()
    return process


def newest(folder: Path) -> Path | None:
    """Returns the newest checkpoint."""
    return max(folder.glob("step-*"), default=None)


def step_of(run_dir: Path) -> int:
    """Returns the step of the newest checkpoint."""
    found = newest(run_dir / "checkpoints")
    return int(found.name.removeprefix("step-")) if found else 0


def contents(run_dir: Path) -> dict[str, bytes]:
    """Returns every variable of the newest and of the best checkpoint."""
    import tensorflow as tf

    held = {}
    for folder in (run_dir / "checkpoints", run_dir / "checkpoints" / "best"):
        checkpoint = newest(folder)
        reader = tf.train.load_checkpoint(str(checkpoint / "variables"))
        for name in reader.get_variable_to_shape_map():
            where = f"{folder.name} {checkpoint.name} {name}"
            held[where] = np.asarray(reader.get_tensor(name)).tobytes()
    return held


def losses(run_dir: Path) -> list[dict]:
    """Returns metrics.jsonl without what the clock says."""
    lines = (run_dir / "metrics.jsonl").read_text().splitlines()
    clock = {"time", "products_per_second"}
    return [
        {k: v for k, v in json.loads(line).items() if k not in clock} for line in lines
    ]


def kill_at(
    run_dir: Path, overrides: list[str], step: int, draw: np.random.Generator
) -> int:
    """Starts, kills once the run has saved `step`; returns the step it was killed at.

    Raises:
        RuntimeError: it ended before.
    """
    past_already = step_of(run_dir) >= step
    within = draw.uniform(0, START_SECONDS if past_already else STEP_SECONDS)
    process = start(run_dir, overrides)
    while step_of(run_dir) < step and process.is_alive():
        time.sleep(0.002)
    time.sleep(within)
    process.kill()
    process.join()
    if process.exitcode != -9:
        raise RuntimeError(f"ended with {process.exitcode}: see {run_dir}.log")
    return step_of(run_dir)


def main(arguments: list[str]) -> None:
    """Trains calmly, then with kills; prints what differs."""
    folder = Path(FOLDER.value).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # a copy: nobody's edit may change the run half-way
    load_config(ROOT / "config.ini").save(folder / "config.ini")
    calm, killed = folder / "calm", folder / "killed"
    overrides = [f"{key}={value}" for key, value in settings(folder).items()]
    process = start(calm, overrides)
    process.join()
    if process.exitcode:
        sys.exit(f"the calm run failed: see {calm}.log")
    last = step_of(calm)
    draw = np.random.default_rng(SEED.value)
    begun = time.monotonic()
    for i, step in enumerate(np.sort(draw.integers(0, int(0.9 * last), KILLS.value))):
        reached = kill_at(killed, overrides, int(step), draw)
        print(f"SIGKILL {i + 1} at step {reached} of {last}", flush=True)
    process = start(killed, overrides)
    process.join()
    if process.exitcode:
        sys.exit(f"the last start failed: see {killed}.log")
    expected, actual = contents(calm), contents(killed)
    differing = [name for name in expected if actual.get(name) != expected[name]]
    print(f"{(time.monotonic() - begun) / 60:.0f} minutes")
    if differing or expected.keys() != actual.keys():
        sys.exit(f"{len(differing)} of {len(expected)} variables differ: {differing}")
    if losses(calm) != losses(killed):
        sys.exit("the variables agree, metrics.jsonl differs")
    print(
        f"{KILLS.value} SIGKILLs in {last} steps: {len(expected)} variables and "
        f"{len(losses(calm))} records are bit-identical to the calm run's"
    )


if __name__ == "__main__":
    app.run(main)
