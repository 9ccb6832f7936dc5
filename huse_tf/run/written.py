"""What a run wrote for itself, read back before its first step."""

import itertools
from collections.abc import Sequence

import numpy as np

from huse_tf.errors import InputError
from huse_tf.run.folder import RunFolder
from huse_tf.semantic_graph import read_graph


def read_back(run: RunFolder, class_names: Sequence[str], graph: np.ndarray) -> None:
    """Compares classes and their distances with what their files hold.

    Args:
        run: whose files were just written.
        class_names: [K].
        graph: float32 [K, K].

    Raises:
        InputError: a file holds other classes or distances than were written.
    """
    names = run.read_classes()
    for written, read in itertools.zip_longest(class_names, names):
        if written != read:
            raise InputError(
                f"{run.classes_file}: class {written!r} is read back as {read!r}; "
                "rename the class"
            )
    if not np.allclose(read_graph(run.graph_file, names), graph, atol=1e-6):
        raise InputError(
            f"{run.graph_file}: the class distances are not read back as they were "
            "written; class names have to be different, with letters or digits"
        )
