"""Training on several devices and in several processes, by tf.distribute.

The batch of a step is the same whatever there is to compute it: each replica takes its
rows of it, the objective is that of all rows, see `huse_tf.replicas`, and a checkpoint
knows nothing of how many there were. What processes and devices do each, and what
together, is said by `run.together.Alone`, the one process that needs none of this.
"""

import json
import os

import tensorflow as tf

from huse_tf.errors import InputError, first_line
from huse_tf.run.together import ALONE, Alone
from huse_tf.training.devices import Devices
from huse_tf.training.workers import Workers

# How many devices a processor is, where there is no GPU: to try things out.
CPU_DEVICES = "HUSE_CPU_DEVICES"


def distribute(how: str, batch_size: int, deterministic: bool = False) -> Alone:
    """Makes ready what training.distribute says, before TensorFlow does anything else.

    Args:
        how: none | devices | workers.
        batch_size: rows a step.
        deterministic: whether operations of a GPU are to round alike each time.

    Raises:
        InputError: TF_CONFIG does not say which worker this is, TensorFlow is in use
            already, or the replicas cannot share so many rows.
    """
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    if how == "none":
        return ALONE
    try:
        _split_processor()
        made = Devices(_mirrored()) if how == "devices" else Workers(_multi_worker())
    except RuntimeError as error:
        raise InputError(
            f"training.distribute = {how}: TensorFlow is in use already "
            f"({first_line(error)}); make this the first that the process does"
        ) from error
    made.check_batch_size(batch_size)
    return made


def _split_processor() -> None:
    """Makes of the processor the devices that HUSE_CPU_DEVICES says, if any."""
    wanted = os.environ.get(CPU_DEVICES, "1")
    if not wanted.isdecimal() or not 1 <= int(wanted) <= 64:
        raise InputError(
            f"the environment's {CPU_DEVICES} = {wanted}: expected a whole number from "
            "1 to 64"
        )
    if int(wanted) > 1:
        (processor,) = tf.config.list_physical_devices("CPU")
        device = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(processor, [device] * int(wanted))


def _mirrored() -> tf.distribute.MirroredStrategy:
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    devices = tf.config.list_logical_devices(kind)
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def _multi_worker() -> tf.distribute.MultiWorkerMirroredStrategy:
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text)
        task = config["task"]
        kind, index = task["type"], task["index"]
        config["cluster"][kind][int(index)]
    except (ValueError, TypeError, LookupError):
        kind = None
    if kind not in ("chief", "worker"):
        raise InputError(
            "training.distribute = workers: the environment's TF_CONFIG must say which "
            "worker this is of which; expected "
            '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", '
            f'"index": 0}}}}, received {text or "none"}'
        )
    return tf.distribute.MultiWorkerMirroredStrategy()
