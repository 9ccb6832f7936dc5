"""Parts of a task, shared out among workers by Ray Data: on one machine or on many."""

import collections
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from huse_tf.cluster.joining import connected, each_gets, import_ray
from huse_tf.cluster.worker import Answer, PartWorker, Task, Work
from huse_tf.errors import InputError, Interrupted
from huse_tf.progress import Progress

# of a task, however many rows it has: the opened stores are asked once a part
PART_ROWS = 10_000
PARTS_EACH = 8  # parts a worker gets at least, so that none waits long for the last


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

    def add_up(
        self, make: Callable[[], Work], parts: Iterable[Any], products: int, label: str
    ) -> dict[str, int]:
        """Has every part done and adds up what the parts gave, while a bar shows it.

        Args:
            make: see `share_out`; its parts give whole numbers by name, "products"
                among them: how many of the products were looked at.
            parts: see `share_out`.
            products: that there are in all parts.
            label: what is being done, for the bar.

        Raises:
            InputError: as `share_out`.
            Interrupted: a signal came; what the workers finished is kept.
        """
        total: collections.Counter[str] = collections.Counter()
        with Progress(products, label, unit="products") as bar:
            try:
                for answer in self.share_out(make, parts):
                    total.update(answer)
                    others = {k: n for k, n in total.items() if k != "products"}
                    bar.update(answer["products"], **others)
            except KeyboardInterrupt as stop:
                raise Interrupted(
                    f"stopped with {bar.done:,} of {bar.total:,} products done and "
                    "what was made kept; the same command goes on"
                ) from stop
        return dict(total)

    def share_out(
        self, make: Callable[[], Work], parts: Iterable[Any]
    ) -> Iterator[Answer]:
        """Has every part done by a worker; one whose worker dies, by another.

        Args:
            make: called once in each worker, which has started TensorFlow with its
                share of the machine's threads; returns what does a part. All of it
                can be pickled, and can be imported on the machines of the cluster.
            parts: handed out one by one, through Ray's object store.

        Yields:
            What the parts gave, JSON values by name, in the order in which they end.

        Raises:
            InputError: ray is not installed, no cluster answers, it is too small, a
                part raised one, or a part killed its worker several times.
        """
        ray = import_ray()
        with connected(ray, self.workers, self.address):
            ray.data.DataContext.get_current().enable_progress_bars = False
            cpus, gpus = each_gets(ray, self.workers)
            name = f"huse-{secrets.token_hex(8)}"
            task = (
                ray.remote(num_cpus=0)(Task)
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
            answers = ray.data.from_items(
                numbers, override_num_blocks=len(numbers)
            ).map_batches(
                PartWorker,
                fn_constructor_args=(name,),
                batch_size=1,
                compute=ray.data.ActorPoolStrategy(
                    size=min(self.workers, count), max_tasks_in_flight_per_actor=1
                ),
                num_cpus=cpus,
                num_gpus=gpus,
            )
            yield from _answers(answers.iter_rows())
            if again := ray.get(task.again.remote()):
                print(f"{again:,} parts were begun again: their workers were lost")


def _answers(rows: Iterable[dict]) -> Iterator[Answer]:
    """Reads what the workers gave."""
    for row in rows:
        answer = json.loads(row["answer"])
        if "wrong" in answer:
            raise InputError(answer["wrong"])
        yield answer
