"""What a user asks search.py for, checked before TensorFlow starts."""

from dataclasses import dataclass
from pathlib import Path

from huse_tf.errors import InputError

GALLERIES = (".html", ".png")


@dataclass(frozen=True)
class Request:
    """The flags of search.py.

    Attributes:
        text: words, or None.
        image: a picture file, or None.
        k: how many products.
        kind: the vectors to search among: products, images or texts.
        csv: another catalogue, or None.
        images: the folder of its pictures, or None.
        gallery: a file for a page of pictures, or None.
        json: whether to print JSON.
        approximate: whether to search approximately.
    """

    text: str | None = None
    image: str | None = None
    k: int = 10
    kind: str = "products"
    csv: str | None = None
    images: str | None = None
    gallery: str | None = None
    json: bool = False
    approximate: bool = False

    def catalogue(self) -> tuple[Path | None, Path | None]:
        """Returns the CSV and its images folder, None and None for the run's own."""
        if self.csv is None or self.images is None:
            return None, None
        return Path(self.csv), Path(self.images)


def check(request: Request, serve: bool) -> None:
    """Raises InputError where a request makes no sense."""
    if bool(request.csv) != bool(request.images):
        raise InputError("`csv` and `images` go together: name both, or neither")
    asks = request.text is not None or request.image is not None
    if serve:
        if asks or request.gallery or request.json:
            raise InputError(
                "`serve` opens a page to search on: leave out `text`, `image`, "
                "`gallery` and `json`"
            )
        return
    if not asks:
        raise InputError(
            "nothing to search for: name `text` WORDS, `image` FILE or both, or "
            "`serve` for a page"
        )
    if request.text is not None and not request.text.strip():
        raise InputError("`text` is empty; expected words, such as 'red dress'")
    if request.image is not None and not Path(request.image).is_file():
        raise InputError(f"`image` {request.image}: no such file; expected a picture")
    if request.k < 1:
        raise InputError(f"`k`: expected a whole number >= 1, received {request.k}")
    if request.gallery and Path(request.gallery).suffix.lower() not in GALLERIES:
        raise InputError(
            f"`gallery` {request.gallery}: expected a name that ends in "
            f"{' or '.join(GALLERIES)}"
        )
