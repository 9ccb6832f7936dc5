"""Parts of a task, shared out among workers by Ray Data: on one machine or on many."""

import collections
import contextlib
import importlib
import json
import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from huse_tf.errors import InputError, first_line

RETRIES = 3  # of a part whose worker died
# of a task, however many rows it has: the opened stores are asked once a part
PART_ROWS = 10_000
PARTS_EACH = 8  # parts a worker gets at least, so that none waits long for the last

Answer = dict[str, Any]
Work = Callable[[Any], Answer]


@dataclass(frozen=True)
class Cluster:
    """Workers of a Ray cluster.

    Attributes:
        workers: how many, at least 1.
        address: of a cluster that runs, such as "auto" or "host:6379"; None starts
            one on this machine and ends it with the task.
    """

    workers: int
    address: str | None = None

    def shares(self, rows: int) -> list[slice]:
        """Cuts rows into parts of at most PART_ROWS, several for each worker.

        Args:
            rows: at least 1.
        """
        size = -(-rows // (PARTS_EACH * self.workers))
        size = min(size, PART_ROWS)
        return [slice(first, min(first + size, rows)) for first in range(0, rows, size)]

    def share_out(
        self, make: Callable[[int], Work], parts: Iterable[Any]
    ) -> Iterator[Answer]:
        """Has every part done by a worker; one whose worker dies, by another.

        Args:
            make: called once in each worker, with how many threads are its share of
                the machine; returns what does a part. All of it can be pickled, and
                can be imported on the machines of the cluster.
            parts: handed out one by one, through Ray's object store.

        Yields:
            What the parts gave, JSON values by name, in the order in which they end.

        Raises:
            InputError: ray is not installed, no cluster answers, it is too small, a
                part raised one, or a part killed its worker 1 + RETRIES times.
        """
        ray = import_ray()
        with _connected(ray, self.workers, self.address):
            data = importlib.import_module("ray.data")
            data.DataContext.get_current().enable_progress_bars = False
            cpus, gpus = _each(ray, self.workers)
            name = f"huse-{secrets.token_hex(8)}"
            task = (
                ray.remote(num_cpus=0)(_Task)
                .options(name=name)
                .remote(
                    ray.cloudpickle.dumps(make),
                    [ray.put(part) for part in parts],
                    cpus,
                    os.getcwd(),
                )
            )
            count = ray.get(task.length.remote())
            # from_items: the read tasks of ray.data.range want a CPU of their own each
            numbers = [{"part": number} for number in range(count)]
            answers = data.from_items(
                numbers, override_num_blocks=len(numbers)
            ).map_batches(
                _Worker,
                fn_constructor_args=(name,),
                batch_size=1,
                compute=data.ActorPoolStrategy(
                    size=min(self.workers, count), max_tasks_in_flight_per_actor=1
                ),
                num_cpus=cpus,
                num_gpus=gpus,
            )
            yield from _answers(answers.iter_rows())
            if again := ray.get(task.again.remote()):
                print(f"{again:,} parts were begun again: their workers were lost")


def import_ray():
    """Imports Ray, without its reports to its makers.

    Raises:
        InputError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        importlib.import_module("ray.data")
        return importlib.import_module("ray")
    except ImportError as error:
        raise InputError(
            "`engine` ray needs the ray library, which is not installed: pip install "
            "'huse_tf[ray]', or share the work out by hand with `part`"
        ) from error


class _Task:
    """An actor: what is to be done, and how often each part was begun.

    Workers find it by its name: what they were made with must outlive none of them.
    """

    def __init__(self, make: bytes, parts: list, threads: int, folder: str) -> None:
        self._parts, self._made = parts, (make, threads, folder)
        self._counts: collections.Counter = collections.Counter()

    def length(self) -> int:
        return len(self._parts)

    def made(self) -> tuple[bytes, int, str]:
        return self._made

    def begin(self, part: int) -> tuple[int, list]:
        """Returns how often the part was begun, and where it lies."""
        self._counts[part] += 1
        return self._counts[part], self._parts[part : part + 1]

    def again(self) -> int:
        return self._counts.total() - len(self._counts)


class _Worker:
    """An actor: what does the parts, made once, when the first part comes."""

    def __init__(self, name: str) -> None:
        # nothing that may fail: Ray would begin anew for minutes
        self._name = name
        self._work: Work | None = None

    def __call__(self, batch: dict) -> dict:
        (number,) = batch["part"].tolist()
        try:
            answer = self._answer(number)
        except InputError as error:
            answer = {"wrong": str(error)}
        except ImportError as error:
            answer = {
                "wrong": f"`engine` ray: a worker cannot import what it needs "
                f"({first_line(error)}); install the same packages on every machine "
                "of the cluster"
            }
        return {"answer": [json.dumps(answer)]}

    def _answer(self, number: int) -> Answer:
        ray = importlib.import_module("ray")
        task = ray.get_actor(self._name)
        begun, (part,) = ray.get(task.begin.remote(number))
        if begun > 1 + RETRIES:
            raise InputError(
                f"`engine` ray: {1 + RETRIES} workers died over one part, the one with "
                f"the number {number}; it may need more memory: take fewer `workers` a "
                "machine; what is done is kept"
            )
        if self._work is None:
            make, threads, folder = ray.get(task.made.remote())
            with contextlib.suppress(OSError):  # not on this machine
                os.chdir(folder)
            self._work = ray.cloudpickle.loads(make)(threads)
        return self._work(ray.get(part))


def _answers(rows: Iterable[dict]) -> Iterator[Answer]:
    """Reads what the workers gave."""
    for row in rows:
        answer = json.loads(row["answer"])
        if "wrong" in answer:
            raise InputError(answer["wrong"])
        yield answer


@contextlib.contextmanager
def _connected(ray, workers: int, address: str | None) -> Iterator[None]:
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


def _each(ray, workers: int) -> tuple[int, float]:
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
