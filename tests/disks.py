"""Disks that a test may fill, and folders that nobody may write, root included."""

import contextlib
import os
import resource
import shutil
import subprocess

import pytest


@contextlib.contextmanager
def file_size_limit(size):
    """No file grows beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def small_disk(folder, size):
    """A context in which an empty folder is a file system of `size`, such as 300k."""
    return _mounted(folder, ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder])


def read_only(folder):
    """A context in which nobody can change what is in a folder."""
    again = ["-o", "remount,ro,bind", folder]
    return _mounted(folder, ["--bind", folder, folder], again)


@contextlib.contextmanager
def _mounted(folder, *mounts):
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root mounts file systems")
    done = 0
    try:
        for arguments in mounts:
            found = subprocess.run(["mount", *arguments], capture_output=True)
            if found.returncode:
                pytest.skip("mounting is not allowed here")
            done = 1
        yield
    finally:
        if done:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file):
    """Writes a file until its disk is full."""
    with open(file, "wb", buffering=0) as stream:
        with contextlib.suppress(OSError):
            while stream.write(bytes(4096)):
                continue
