"""What can be called: a module a command, with its flags and its `main`.

A command's docstring heads its --help, `{program}` standing for how it was called. The
parameters of its `main` are its arguments; one that is not given is "". Modules
import TensorFlow, and what does, within `main`: --help and wrong input need none of it.
"""

import ast
from pathlib import Path

COMMANDS = {
    "example": "huse_tf.commands.example",
    "doctor": "huse_tf.doctor",
    "train": "huse_tf.commands.train",
    "large-ram-train": "huse_tf.commands.large_ram_train",
    "evaluate": "huse_tf.commands.evaluate",
    "search": "huse_tf.commands.search",
    "export": "huse_tf.commands.export",
    "embed": "huse_tf.commands.embed",
    "predict": "huse_tf.commands.predict",
    "compare": "huse_tf.commands.compare",
    "prepare": "huse_tf.commands.prepare",
    "features": "huse_tf.features.__main__",
}


def summary(name: str) -> str:
    """Returns what a command does: the first line of its docstring.

    It is read, not imported: flags of two commands may have the same name.
    """
    path = Path(__file__).parents[2].joinpath(*COMMANDS[name].split("."))
    source = path.with_suffix(".py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
