"""What can be seen of a product, and so may stand in its title."""

import dataclasses

from drawing.palette import COLOURS, Colour, Paint


@dataclasses.dataclass(frozen=True)
class Look:
    """Colour names of the palette, a pattern or "solid", a style and a material."""

    colour: str
    accent: str
    pattern: str
    style: str
    material: str

    @property
    def main(self) -> Colour:
        """The main colour."""
        return COLOURS[self.colour]

    @property
    def second(self) -> Colour:
        """The colour of the pattern and of small parts."""
        return COLOURS[self.accent]

    def paint(self, period: float = 10.0, phase: float = 0.0) -> Paint:
        """The main surface with its pattern."""
        return Paint(self.main, self.second, self.pattern, period, phase)
