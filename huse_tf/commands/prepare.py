"""Turns a published data set into a catalogue CSV.

Example: {program} food101 --from /sets/food101 --to food101.csv

LAYOUT: food101, fashion, folders or grocery (docs/data.md). The pictures stay where
they are.
"""

import shlex
import sys
from pathlib import Path

from absl import flags

from huse_tf.errors import InputError
from huse_tf.public_sets import fashion, folders, food101, grocery
from huse_tf.public_sets.checked import check

_FROM = flags.DEFINE_string("from", None, "The data set's folder.")
_TO = flags.DEFINE_string("to", None, "The catalogue to write, a CSV.")
_CAPTION_FROM_NAME = flags.DEFINE_bool(
    "caption_from_name", False, "folders: red_shoe.jpg alone has the text 'red shoe'."
)

LAYOUTS = {
    "food101": food101.listing,
    "fashion": fashion.listing,
    "folders": folders.listing,
    "grocery": grocery.listing,
}


def main(layout: str) -> None:
    """Lists, checks, writes, and says what was left out."""
    if layout not in LAYOUTS:
        found = f"no layout called {layout!r}" if layout else "no layout named"
        raise InputError(f"{found}; expected {', '.join(LAYOUTS)} as the first word")
    if not _FROM.value or not _TO.value:
        raise InputError("expected --from, the data set's folder, and --to, a CSV")
    folder, path = Path(_FROM.value), Path(_TO.value)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; --from names the data set's")
    options = {}
    if _CAPTION_FROM_NAME.value:
        if layout != "folders":
            raise InputError(f"--caption_from_name is for folders, not for {layout}")
        options["caption_from_name"] = True
    checked = check(folder, LAYOUTS[layout](folder, **options))
    checked.write(path)
    print(checked.summary())
    print(f"written to {path}; to train on it:")
    keys = (f"data.csv={path.absolute()}", f"data.images={folder.absolute()}")
    script = Path(sys.argv[0]).name == "prepare.py"
    train = "python train.py" if script else "huse train"
    print(train, *(f"--set {shlex.quote(key)}" for key in keys))
