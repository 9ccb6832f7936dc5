"""The program `huse`: one name for all commands, huse train, huse search and so on."""

import importlib
import sys

from huse_tf import __version__, cli
from huse_tf.commands import COMMANDS, summary
from huse_tf.config.values import nearest


def main() -> None:
    """Runs the command that the first word names; exits with its status."""
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help"):
        print(listing())
    elif name == "--version":
        print(f"huse_tf {__version__}")
    elif name in COMMANDS:
        command = importlib.import_module(COMMANDS[name])
        cli.run(command, f"huse {name}", arguments)
    else:
        near = nearest(name, COMMANDS)
        message = f"no command {name!r}; the nearest is {near}; huse --help lists all"
        sys.exit(cli.stop(message))


def listing() -> str:
    """Returns what `huse --help` prints: a line a command."""
    lines = [f"  huse {name:<16} {summary(name)}" for name in COMMANDS]
    head = "usage: huse COMMAND [flags]; huse COMMAND --help lists the flags"
    return "\n".join([head, "", *lines])


if __name__ == "__main__":
    main()
