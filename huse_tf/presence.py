"""Which of its two modalities a product has; it may lack either.

One rule for all that is computed of products: a modality that is not there is a zero
vector, terms over points take the points that are there, and terms over pairs of an
image and its text take the products that have both.
"""

from typing import Any, NamedTuple


class Present(NamedTuple):
    """The modalities of n products, as NumPy arrays or as tensors.

    Attributes:
        image: bool [n].
        text: bool [n].
    """

    image: Any
    text: Any

    @property
    def both(self) -> Any:
        """The products that have both, bool [n]."""
        return self.image & self.text

    def of(self, rows: Any) -> "Present":
        """The modalities of some of the products, by their positions."""
        return Present(self.image[rows], self.text[rows])


def shares(image_weight: float, has_image: Any, has_text: Any) -> tuple[Any, Any]:
    """Shares of image and text in what both say together; one alone has all.

    Args:
        image_weight: of the image where both are there, in [0, 1].
        has_image: 1.0 or 0.0, floats of any shape, NumPy's or TensorFlow's.
        has_text: as `has_image`.

    Returns:
        Two floats of that shape; both are 0 where neither is there.
    """
    of_image = has_image * (has_text * image_weight + (1.0 - has_text))
    of_text = has_text * (has_image * (1.0 - image_weight) + (1.0 - has_image))
    return of_image, of_text
