"""What runs in the cluster: the workers, and the actor they ask for parts."""

import collections
import contextlib
import json
import os
from collections.abc import Callable
from typing import Any

from huse_tf import quiet
from huse_tf.cluster.joining import import_ray
from huse_tf.errors import InputError, first_line

RETRIES = 3  # of a part whose worker died

Answer = dict[str, Any]
Work = Callable[[Any], Answer]


class Task:
    """An actor: what is to be done, and how often each part was begun.

    Workers find it by its name: what they were made with must outlive none of them.
    """

    def __init__(self, make: bytes, parts: list, threads: int, folder: str) -> None:
        """Keeps what workers ask for.

        Args:
            make: pickled, of `Cluster.share_out`.
            parts: where they lie in Ray's object store.
            threads: of each worker.
            folder: where the command runs.
        """
        self._parts, self._made = parts, (make, threads, folder)
        self._counts: collections.Counter = collections.Counter()

    def length(self) -> int:
        """Returns how many parts there are."""
        return len(self._parts)

    def made(self) -> tuple[bytes, int, str]:
        """Returns `make`, `threads` and `folder`."""
        return self._made

    def begin(self, part: int) -> tuple[int, list]:
        """Returns how often the part was begun, and where it lies."""
        self._counts[part] += 1
        return self._counts[part], self._parts[part : part + 1]

    def again(self) -> int:
        """Returns how often a part was begun that had been begun before."""
        return self._counts.total() - len(self._counts)


class PartWorker:
    """An actor: what does the parts, made once, when the first part comes."""

    def __init__(self, name: str) -> None:
        """Keeps the name of the task, and no more: Ray retries what fails here."""
        self._name = name
        self._work: Work | None = None

    def __call__(self, batch: dict) -> dict:
        """Does one part; returns its answer, or what is wrong, in JSON."""
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
        ray = import_ray()
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
            _start_tensorflow(threads)  # before unpickling imports it
            self._work = ray.cloudpickle.loads(make)()
        return self._work(ray.get(part))


def _start_tensorflow(threads: int) -> None:
    """Starts it as every command does, with a worker's share of the threads."""
    quiet.start_tensorflow()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
