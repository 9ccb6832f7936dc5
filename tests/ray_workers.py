"""Ray's workers, as tests meet them."""

import os
import signal
from pathlib import Path

from huse_tf.cluster import Cluster


class KillsOne(Cluster):
    """A cluster of which one worker is killed once three parts are done."""

    def share_out(self, make, parts):
        for number, answer in enumerate(super().share_out(make, parts), 1):
            yield answer
            if number == 3:
                os.kill(workers_of(os.getpid())[0], signal.SIGKILL)


def workers_of(pid):
    """The processes below one that do parts, by the titles that Ray gives them."""
    children, found, todo = {}, [], [pid]
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                title = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            children.setdefault(parent, []).append((int(folder.name), title))
    while todo:
        for child, title in children.get(todo.pop(), []):
            todo.append(child)
            if title.startswith(b"ray::") and b"PartWorker" in title:
                found.append(child)
    return found
