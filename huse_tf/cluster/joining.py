"""A Ray cluster joined or started, and what of it each worker gets."""

import contextlib
import logging
import os
import signal
import socket
from collections.abc import Iterator

from huse_tf.errors import InputError, first_line
from huse_tf.extras import extra


def import_ray():
    """Imports Ray, without its reports to its makers.

    Raises:
        InputError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with extra("ray", "`engine` ray", "share the work out by hand with `part`"):
        import ray.data
    return ray


@contextlib.contextmanager
def connected(ray, workers: int, address: str | None) -> Iterator[None]:
    """Joins a cluster, or starts one; leaves signals to whom they belong."""
    handler = signal.getsignal(signal.SIGTERM)  # Ray takes it over
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if address:
            _reach(address)
            ray.init(address, **quiet)
        else:
            # one CPU more than the workers hold, or the first task waits for ever
            ray.init(
                num_cpus=max(os.cpu_count() or 1, workers) + 1,
                include_dashboard=False,
                _node_ip_address="127.0.0.1",
                **quiet,
            )
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"`address` {address}: no Ray cluster answers there ({first_line(error)}); "
            "start one with 'ray start --head', or leave `address` out"
        ) from error
    signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Raises OSError where nothing listens: Ray itself would try for minutes."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()


def each_gets(ray, workers: int) -> tuple[int, float]:
    """Returns how many CPUs and what share of a GPU each worker gets.

    Raises:
        InputError: the cluster is too small.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cpus = [int(node.get("CPU", 0)) for node in nodes]
    each = cpus_each(cpus, workers)
    if not each:
        raise InputError(
            f"`workers` {workers}: the cluster has {sum(cpus)} CPUs, and Ray needs one "
            "beside the workers'; take fewer, or add machines"
        )
    gpus = int(sum(node.get("GPU", 0) for node in nodes))
    return each, min(1.0, 1 / -(-workers // gpus)) if gpus else 0.0


def cpus_each(cpus: list[int], workers: int) -> int:
    """Returns the most CPUs that each worker can have; 0 where there are too few.

    A worker's CPUs are of one machine, and one CPU of the cluster stays free.

    Args:
        cpus: of each machine.
        workers: at least 1.
    """
    return max(
        each
        for each in range(max(cpus, default=0) + 1)
        if not each
        or (
            sum(held // each for held in cpus) >= workers and sum(cpus) > each * workers
        )
    )
