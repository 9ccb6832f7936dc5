"""What a run was made with: versions and hardware, for records and reports."""

import os
import platform
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import huse_tf


def versions() -> dict[str, str]:
    """Returns the versions of what computes, by name."""
    return {
        "huse_tf": huse_tf.__version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }


def hardware() -> dict[str, object]:
    """Returns "processor", "cores" that may be used, "memory_gib" and "gpus"."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": _processor(),
        "cores": cores(),
        "memory_gib": round(memory / 2**30),
        "gpus": [device_name(d) for d in tf.config.list_physical_devices("GPU")],
    }


def cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def device_name(device: tf.config.PhysicalDevice) -> str:
    """Returns what a device calls itself, or TensorFlow's name of it."""
    details = tf.config.experimental.get_device_details(device)
    return details.get("device_name", device.name)


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.machine()
