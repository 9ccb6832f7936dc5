"""Training by one and by several processes of this machine, and a plan for more.

    python benchmarks/scale.py [--batch_size 512] [--processes 1,2] [--steps 30]
    python benchmarks/scale.py --products 100000000 --images_per_second 40 \
        --texts_per_second 2000 --vectors_per_second 3000 --indexed_per_second 3000 \
        --machines 64

The processes are workers on the loopback that take the default network's steps on
made-up features; they share the machine's cores, so that two are no faster than one
where one uses all of them. Communication is timed alone: the gather of a step's outputs
and the sum of its gradients. The plan divides a number of products by rates: the first
one measured here, and those that the flags say, as benchmarks/embedded_image.py,
embedded_text.py and grow.py print them.
"""

import json
import os
import socket
import subprocess
import sys
import time

import numpy as np
import tensorflow as tf
from absl import app, flags, logging

_BATCH = flags.DEFINE_integer("batch_size", 512, "products a step", lower_bound=2)
_PROCESSES = flags.DEFINE_list("processes", ["1", "2"], "how many, one run for each")
_STEPS = flags.DEFINE_integer("steps", 30, "timed, after 3 others", lower_bound=1)
_PRODUCTS = flags.DEFINE_integer("products", None, "of the plan")
_EPOCHS = flags.DEFINE_integer("epochs", 20, "of the plan", lower_bound=1)
_MACHINES = flags.DEFINE_integer("machines", 1, "of the plan", lower_bound=1)
_RATES = {
    name: flags.DEFINE_float(f"{name}_per_second", None, f"{name} a second, a machine")
    for name in ("images", "texts", "vectors", "indexed")
}
_WORKER = flags.DEFINE_bool("worker", False, "be one of the processes (internal)")

IMAGE_DIM, TEXT_DIM, CLASSES, ROWS = 1024, 384, 86, 4096
WARM_UP = 3


def made_up(batch: int):
    """Returns a pipeline of made-up features."""
    from huse_tf.run.pipelines import Pipeline

    rng = np.random.default_rng(0)
    rows = max(ROWS, batch)
    images = rng.normal(size=(rows, IMAGE_DIM)).astype(np.float32)
    texts = rng.normal(size=(rows, TEXT_DIM)).astype(np.float32)
    return Pipeline(
        lambda places, step: tf.gather(images, places),
        lambda places, step: tf.gather(texts, places),
        rng.integers(0, CLASSES, rows).astype(np.int32),
        np.arange(rows),
        {"train": np.arange(rows)},
        batch,
        seed=0,
    )


def timed(call, times: int) -> float:
    """Returns the mean seconds of a call, after some that do not count."""
    for _ in range(WARM_UP):
        call()
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def work(batch: int, steps: int) -> None:
    """Takes steps as a worker; the leading one prints what they took, as JSON."""
    from huse_tf import replicas
    from huse_tf.model import HuseModel
    from huse_tf.objectives import Huse
    from huse_tf.towers import embedding_network
    from huse_tf.training.averaging import WeightAverage, changing_variables
    from huse_tf.training.distribution import distribute
    from huse_tf.training.optimizers import make_optimizer

    together = distribute("workers", batch)
    graph = np.float32(1 - np.eye(CLASSES))
    with together.scope():
        network = embedding_network(IMAGE_DIM, TEXT_DIM, CLASSES, seed=1)
        model = HuseModel(network, Huse(graph))
        model.compile(make_optimizer())
        average = WeightAverage(changing_variables(model))

    def step(batch: dict) -> tf.Tensor:
        losses = model.optimise(batch)
        average.update()
        return losses["loss"][tf.newaxis]

    def exchange(batch: dict) -> tf.Tensor:
        rows = tf.shape(batch["label"])[0]
        outputs = {
            name: tf.ones([rows, output.shape[1]])
            for name, output in network.output.items()
        }
        gradients = [tf.ones(v.shape) for v in network.trainable_variables]
        if together.replicas > 1:
            context = tf.distribute.get_replica_context()
            every, _ = replicas.gathered(outputs, batch)
            # forward a gather, backward as much again, summed
            back = context.all_reduce(tf.distribute.ReduceOp.SUM, list(every.values()))
            sums = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
            return tf.add_n([tf.reduce_sum(part) for part in (*back, *sums)])[None]
        return tf.zeros([1])

    pipeline = made_up(batch)
    seconds = {}
    for name, function in (("step", step), ("exchange", exchange)):
        take = together.taking(function, together.batches(pipeline, 0, 10**9))
        seconds[name] = timed(lambda take=take: take(1).numpy(), steps)
    print(json.dumps(seconds), flush=True)
    together.part()


def measured(count: int) -> dict[str, float]:
    """Starts so many workers and returns the leading one's seconds."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
    for server in servers:
        server.close()
    processes = []
    for index in range(count):
        task = {"type": "worker", "index": index}
        config = {"cluster": {"worker": addresses}, "task": task}
        processes.append(
            subprocess.Popen(
                [sys.executable, *sys.argv, "--worker"],
                env={**os.environ, "TF_CONFIG": json.dumps(config)},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit(f"a worker of {count} failed: see its lines above")
    return json.loads(outputs[0].splitlines()[-1])


def plan(examples_per_second: float) -> None:
    """Prints what a catalogue takes at the rates that are known, on paper."""
    n, machines = _PRODUCTS.value, _MACHINES.value
    print(f"\nplan for {n:,} products on {machines:,} machines, on paper, in hours")
    hours = {
        f"encoding {name}": n / flag.value / machines / 3600
        for name, flag in _RATES.items()
        if name in ("images", "texts") and flag.value
    }
    hours[f"training {_EPOCHS.value} epochs, one machine"] = (
        n * _EPOCHS.value / examples_per_second / 3600
    )
    if _RATES["vectors"].value:
        hours["vectors of all products"] = n / _RATES["vectors"].value / machines / 3600
    if _RATES["indexed"].value:
        hours["index, one machine"] = n / _RATES["indexed"].value / 3600
    for what, value in hours.items():
        print(f"{what}: {value:,.1f}")


def main(_) -> None:
    """Measures, or works as one of the processes."""
    logging.set_verbosity(logging.WARNING)
    if _WORKER.value:
        work(_BATCH.value, _STEPS.value)
        return
    first = None
    for count in map(int, _PROCESSES.value):
        seconds = measured(count)
        rate = _BATCH.value / seconds["step"]
        first = first or rate
        print(f"processes: {count}")
        print(f"examples_per_second: {rate:.0f}")
        print(f"over_the_first: {rate / first:.3f}")
        print(f"communication_share: {seconds['exchange'] / seconds['step']:.3f}")
    if _PRODUCTS.value:
        plan(first)


if __name__ == "__main__":
    app.run(main)
