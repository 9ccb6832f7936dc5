"""Which picture files of a catalogue are there, and inside of its folder."""

import os
import posixpath
import stat
from pathlib import Path

from huse_tf.errors import InputError

EMPTY_NAME = "empty image name"
OUTSIDE = "image path leaves the images folder"
MISSING = "missing file"
NOT_A_FILE = "not a file"
EMPTY_FILE = "empty file"


class ImageFolder:
    """Checks paths of pictures relative to one folder, each file and folder once.

    Attributes:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        """Opens the folder.

        Raises:
            InputError: it is not there.
        """
        if not os.path.isdir(root):
            raise InputError(
                f"{root}: the images folder is not there; data.images names it: set "
                "it to the folder that the image column's paths start at"
            )
        self.root = str(root)
        self._inside = os.path.join(os.path.realpath(root), "")
        self._folders: dict[str, bool] = {}
        self._problems: dict[str, str] = {}

    def check(self, image: str) -> tuple[str, str]:
        """Returns the path in its shortest form, and its problem or ""."""
        if not image:
            return image, EMPTY_NAME
        path = posixpath.normpath(image)
        if path.startswith(("/", "../")) or path == "..":
            return image, OUTSIDE
        if path not in self._problems:
            self._problems[path] = self._problem(path)
        return path, self._problems[path]

    def relative(self, path: str) -> str:
        """Returns what leads to an absolute path from the folder; "" if outside."""
        for root in (os.path.abspath(self.root), self._inside.rstrip("/")):
            if path.startswith(root.rstrip("/") + "/"):
                return path[len(root.rstrip("/")) + 1 :]
        return ""

    def _problem(self, path: str) -> str:
        folder = path.rpartition("/")[0]
        if folder and folder not in self._folders:
            self._folders[folder] = self._stays_inside(folder)
        if folder and not self._folders[folder]:
            return OUTSIDE
        try:
            status = os.lstat(f"{self.root}/{path}")
            if stat.S_ISLNK(status.st_mode):
                if not self._stays_inside(path):
                    return OUTSIDE
                status = os.stat(f"{self.root}/{path}")
        except OSError:
            return MISSING
        if not stat.S_ISREG(status.st_mode):
            return NOT_A_FILE
        return "" if status.st_size else EMPTY_FILE

    def _stays_inside(self, path: str) -> bool:
        target = os.path.realpath(f"{self.root}/{path}")
        return os.path.join(target, "").startswith(self._inside)
