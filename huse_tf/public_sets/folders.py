"""Folders that are classes: pictures, and beside one maybe its caption as .txt."""

import re
from pathlib import Path, PurePosixPath

from huse_tf.progress import Progress
from huse_tf.public_sets.listing import Listed, files, is_picture, read_text

NO_CLASS = "picture outside of any class folder"
NO_PICTURE = "caption without a picture"


def listing(folder: Path, caption_from_name: bool = False) -> list[Listed]:
    """Lists the pictures; the folders above one are its class path.

    One without a caption is a product without a text.

    Args:
        folder: of all classes.
        caption_from_name: whether red_shoe.jpg without red_shoe.txt has the caption
            "red shoe".

    Raises:
        InputError: a folder or a caption cannot be read.
    """
    found = list(files(folder))
    captions = {path for path in found if path.endswith(".txt")}
    pictures = [path for path in found if is_picture(path)]
    listed, used = [], set()
    with Progress(len(pictures), "Reading captions", unit="pictures") as bar:
        for picture in pictures:
            caption = str(PurePosixPath(picture).with_suffix(".txt"))
            used.add(caption)
            text = read_text(folder / caption) if caption in captions else None
            if text is None and caption_from_name:
                text = _words(picture)
            listed.append(_product(picture, text))
            bar.update(1)
    alone = sorted(captions - used)
    return listed + [Listed(caption, problem=NO_PICTURE) for caption in alone]


def _product(picture: str, text: str | None) -> Listed:
    levels = PurePosixPath(picture).parts[:-1]
    if not levels:
        return Listed(picture, problem=NO_CLASS)
    return Listed(picture, picture, text or "", levels, may_lack_text=True)


def _words(picture: str) -> str | None:
    """Returns the words of a file name, or None where it has no letter."""
    text = re.sub(r"[_\W]+", " ", PurePosixPath(picture).stem).strip()
    return text if re.search(r"[^\W\d]", text) else None
