"""Writes the comments of ini files anew: what their keys are in this version.

python -m huse_tf.config config.ini configs/*.ini
"""

import argparse
import sys
from pathlib import Path

from huse_tf.config.comments import commented
from huse_tf.config.ini import SECTIONS, load_config
from huse_tf.errors import InputError
from huse_tf.replacing import replaced


def main() -> int:
    """Rewrites each file; its values stay.

    Returns:
        0, or 1 where a file is no config; one line says what is wrong with it.
    """
    parser = argparse.ArgumentParser("python -m huse_tf.config", description=__doc__)
    parser.add_argument(
        "ini", nargs="+", type=Path, help="a config, rewritten in place"
    )
    for path in parser.parse_args().ini:
        try:
            load_config(path)
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        before = path.read_text(encoding="utf-8-sig")
        after = commented(before, SECTIONS)
        if after != before:
            with replaced(path) as beside:
                beside.write_text(after, encoding="utf-8")
        print(f"{path}: {'as it was' if after == before else 'comments written anew'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
