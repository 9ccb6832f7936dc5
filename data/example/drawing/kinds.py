"""The classes: how many products each has, how they look and what they are called."""

import dataclasses
from collections.abc import Callable
from random import Random

from drawing import (
    shapes_bags,
    shapes_books,
    shapes_carried,
    shapes_clothes,
    shapes_furniture,
    shapes_home,
    shapes_kitchen,
    shapes_worn,
)
from drawing.canvas import Canvas
from drawing.look import Look
from drawing.palette import COLOURS

ANY_COLOUR = tuple(COLOURS)
QUIET = ("white", "cream", "grey", "charcoal", "black", "olive", "forest green")
QUIET += ("teal", "sky blue", "navy", "burgundy", "brown", "tan", "tan", "brown")
CLOTH = ("striped", "pinstriped", "checked", "plaid", "dotted", "zigzag", "floral")
GLAZE = ("striped", "dotted", "speckled", "zigzag", "floral", "two-tone", "checked")


@dataclasses.dataclass(frozen=True)
class Kind:
    """A class of products.

    Attributes:
        path: the class from the root to the leaf.
        count: products to draw.
        draw: draws one on a canvas.
        stance: see `scene.compose`.
        styles: shapes that `draw` knows; all but the plain ones appear in titles.
        materials: named in titles; some change the surface.
        patterns: what it may carry; `plain` is the share without any.
        nouns: names in titles; a few are shared by neighbouring classes.
        sizes: sizes in titles.
        trim: the part in the second colour where there is no pattern.
    """

    path: str
    count: int
    draw: Callable[[Canvas, Look, Random], None]
    stance: str
    styles: tuple[str, ...]
    materials: tuple[str, ...]
    nouns: tuple[str, ...]
    sizes: tuple[str, ...]
    trim: str
    patterns: tuple[str, ...] = CLOTH
    plain: float = 0.45
    colours: tuple[str, ...] = ANY_COLOUR

    @property
    def department(self) -> str:
        """The first level of the path."""
        return self.path.split("<")[0]


KINDS = (
    Kind(
        "home<kitchen<mugs", 56, shapes_kitchen.mug, "stand",
        ("straight", "tapered", "barrel", "enamel"),
        ("stoneware", "ceramic", "porcelain", "earthenware"),
        ("mug", "coffee mug", "mug", "tea mug", "beaker", "cup"),
        ("300 ml", "350 ml", "420 ml", "12 oz"), "inside", GLAZE,
    ),
    Kind(
        "home<kitchen<teacups", 36, shapes_kitchen.teacup, "stand",
        ("tulip", "wide", "footed"),
        ("bone china", "porcelain", "ceramic", "stoneware"),
        ("teacup", "cup and saucer", "tea cup", "cup", "cappuccino cup"),
        ("180 ml", "220 ml", "260 ml", "set of 2"), "rim", GLAZE,
    ),
    Kind(
        "home<kitchen<teapots", 34, shapes_kitchen.teapot, "stand",
        ("round", "tall", "squat"),
        ("stoneware", "porcelain", "ceramic", "cast-iron"),
        ("teapot", "tea pot", "pot with infuser", "teapot"),
        ("0.8 l", "1.1 l", "1.4 l", "4 cups"), "lid", GLAZE,
    ),
    Kind(
        "home<kitchen<bottles", 46, shapes_kitchen.bottle, "stand",
        ("sports", "flask", "swing-top", "slim"),
        ("steel", "glass", "aluminium", "plastic"),
        ("bottle", "water bottle", "drinks bottle", "flask", "carafe"),
        ("500 ml", "600 ml", "750 ml", "1 l"), "cap",
        ("striped", "dotted", "zigzag", "two-tone", "floral", "checked"), 0.55,
    ),
    Kind(
        "home<decor<vases", 44, shapes_kitchen.vase, "stand",
        ("bud", "amphora", "cylinder", "trumpet", "globe"),
        ("ceramic", "glass", "terracotta", "stoneware"),
        ("vase", "flower vase", "vase", "vessel", "table vase"),
        ("18 cm", "24 cm", "30 cm", "tall"), "", GLAZE,
    ),
    Kind(
        "home<decor<clocks", 38, shapes_home.clock, "hang",
        ("wall", "square", "alarm", "sunburst"),
        ("metal", "wooden", "bamboo", "recycled plastic"),
        ("clock", "clock", "silent clock", "timepiece", "quartz clock"),
        ("22 cm", "28 cm", "30 cm", "AA battery"), "details",
        ("striped", "dotted", "checked", "two-tone"), 0.75,
    ),
    Kind(
        "home<lighting<table lamps", 38, shapes_home.table_lamp, "stand",
        ("ceramic base", "column", "tripod"),
        ("linen", "cotton", "paper", "velvet"),
        ("table lamp", "bedside lamp", "lamp", "desk lamp", "table light"),
        ("38 cm", "45 cm", "52 cm", "E27"), "base",
    ),
    Kind(
        "home<lighting<pendant lamps", 34, shapes_home.pendant_lamp, "hang",
        ("dome", "cone", "drum", "bell", "globe"),
        ("metal", "linen", "paper", "glass"),
        ("pendant lamp", "ceiling lamp", "hanging lamp", "lamp", "pendant"),
        ("30 cm", "35 cm", "40 cm", "E27"), "rose",
        ("striped", "dotted", "checked", "zigzag", "two-tone"), 0.6,
    ),
    Kind(
        "furniture<seating<chairs", 48, shapes_furniture.chair, "stand",
        ("panel", "spindle", "ladder-back", "upholstered"),
        ("oak", "beech", "ash", "birch"),
        ("chair", "dining chair", "side chair", "kitchen chair", "seat"),
        ("set of 2", "82 cm", "seat height 45 cm", "stackable"), "seat",
        CLOTH, 0.6,
    ),
    Kind(
        "furniture<seating<sofas", 40, shapes_furniture.sofa, "stand",
        ("two-seater", "three-seater", "loveseat", "chesterfield"),
        ("velvet", "linen", "boucle", "corduroy"),
        ("sofa", "couch", "settee", "sofa", "seat"),
        ("148 cm", "186 cm", "212 cm", "with cushions"), "cushions",
        ("striped", "checked", "plaid", "dotted", "floral", "zigzag"), 0.6,
    ),
    Kind(
        "furniture<tables<coffee tables", 36, shapes_furniture.coffee_table, "stand",
        ("round", "oval", "rectangular", "with shelf", "glass-top"),
        ("oak", "ash", "walnut", "mango wood"),
        ("coffee table", "side table", "low table", "table", "lounge table"),
        ("80 cm", "90 cm", "110 cm", "flat pack"), "legs",
        ("checked", "striped", "zigzag", "speckled"), 0.72, QUIET,
    ),
    Kind(
        "furniture<tables<desks", 34, shapes_furniture.desk, "stand",
        ("pedestal", "double-pedestal", "writing", "trestle"),
        ("oak", "ash", "walnut", "pine"),
        ("desk", "writing desk", "office desk", "table", "work table"),
        ("110 cm", "120 cm", "140 cm", "with drawers"), "handles",
        ("striped", "checked", "zigzag"), 0.78, QUIET,
    ),
    Kind(
        "fashion<tops<t-shirts", 60, shapes_clothes.tshirt, "lie",
        ("crew-neck", "V-neck", "ringer", "graphic", "pocket"),
        ("cotton", "organic cotton", "jersey", "linen blend"),
        ("t-shirt", "tee", "t-shirt", "short-sleeved top", "top"),
        ("S", "M", "L", "XL", "XS"), "detail",
    ),
    Kind(
        "fashion<tops<shirts", 52, shapes_clothes.shirt, "lie",
        ("classic", "two-pocket", "short-sleeved", "grandad-collar"),
        ("cotton", "linen", "poplin", "flannel"),
        ("shirt", "button-up shirt", "button-down", "shirt", "top"),
        ("S", "M", "L", "XL", "slim fit"), "buttons", CLOTH, 0.35,
    ),
    Kind(
        "fashion<bottoms<trousers", 46, shapes_clothes.trousers, "lie",
        ("slim", "straight", "wide-leg", "jogger", "cargo", "belted"),
        ("denim", "cotton twill", "linen", "wool"),
        ("trousers", "chinos", "pants", "trousers", "slacks"),
        ("W30 L32", "W32 L32", "W34 L34", "size 38"), "details",
        ("pinstriped", "checked", "plaid", "striped", "dotted"), 0.62,
    ),
    Kind(
        "fashion<bottoms<shorts", 36, shapes_clothes.shorts, "lie",
        ("straight", "cargo", "swim", "belted", "drawstring"),
        ("denim", "cotton twill", "linen", "nylon"),
        ("shorts", "bermudas", "short pants", "shorts"),
        ("W30", "W32", "W34", "size 38", "M"), "details",
        ("striped", "checked", "plaid", "dotted", "floral", "zigzag"), 0.5,
    ),
    Kind(
        "fashion<shoes<sneakers", 52, shapes_worn.sneaker, "stand",
        ("low-top", "high-top", "runner", "slip-on"),
        ("canvas", "suede", "leather", "mesh"),
        ("sneakers", "trainers", "sneaker", "sports shoes", "shoes"),
        ("EU 38", "EU 40", "EU 42", "EU 44"), "stripe",
        ("checked", "striped", "dotted", "zigzag", "floral"), 0.68,
    ),
    Kind(
        "fashion<shoes<boots", 42, shapes_worn.boot, "stand",
        ("chelsea", "lace-up", "wellington", "cowboy"),
        ("leather", "suede", "nubuck", "rubber"),
        ("boots", "ankle boots", "boot", "rain boots", "shoes"),
        ("EU 37", "EU 39", "EU 41", "EU 43"), "trim",
        ("dotted", "striped", "checked", "floral", "plaid"), 0.74,
    ),
    Kind(
        "accessories<headwear<hats", 36, shapes_worn.hat, "lie",
        ("fedora", "sun", "bucket", "bowler"),
        ("felt", "straw", "cotton", "wool"),
        ("hat", "brimmed hat", "hat", "sun hat"),
        ("55 cm", "57 cm", "59 cm", "one size"), "band",
        ("striped", "checked", "dotted", "plaid", "floral"), 0.66,
    ),
    Kind(
        "accessories<headwear<caps", 34, shapes_worn.cap, "lie",
        ("baseball", "trucker", "snapback", "five-panel", "colour-block"),
        ("cotton", "corduroy", "wool", "mesh"),
        ("cap", "cap", "peaked cap", "curved-brim cap", "hat"),
        ("one size", "adjustable", "57 cm", "kids"), "badge",
        ("striped", "checked", "dotted", "plaid", "floral"), 0.7,
    ),
    Kind(
        "accessories<bags<handbags", 44, shapes_bags.handbag, "stand",
        ("tote", "satchel", "bucket", "crossbody"),
        ("leather", "canvas", "vegan leather", "suede"),
        ("handbag", "shoulder bag", "bag", "purse", "handbag"),
        ("32 cm", "small", "medium", "with zip"), "handles", CLOTH, 0.55,
    ),
    Kind(
        "accessories<bags<backpacks", 38, shapes_bags.backpack, "stand",
        ("daypack", "rolltop", "flap", "school"),
        ("canvas", "nylon", "recycled polyester", "leather"),
        ("backpack", "rucksack", "bag", "laptop bag", "backpack"),
        ("14 l", "18 l", "22 l", "25 l"), "pocket", CLOTH, 0.6,
    ),
    Kind(
        "accessories<everyday<watches", 38, shapes_carried.watch, "lie",
        ("leather", "bracelet", "digital", "square", "nato"),
        ("steel", "titanium", "brass", "mineral glass"),
        ("watch", "wristwatch", "watch", "timepiece", "quartz watch"),
        ("36 mm", "38 mm", "40 mm", "5 atm"), "dial",
        ("striped", "pinstriped", "checked", "dotted"), 0.7,
    ),
    Kind(
        "accessories<everyday<glasses", 32, shapes_carried.glasses, "lie",
        ("round", "square", "aviator", "cat-eye"),
        ("acetate", "metal", "bio-acetate", "wooden"),
        ("glasses", "sunglasses", "shades", "eyewear frame", "reading glasses"),
        ("48 mm", "50 mm", "52 mm", "UV400"), "",
        ("speckled", "striped", "two-tone", "checked"), 0.7,
    ),
    Kind(
        "accessories<everyday<umbrellas", 34, shapes_carried.umbrella, "lie",
        ("dome", "golf", "classic", "folded"),
        ("windproof", "automatic", "polyester", "pongee"),
        ("umbrella", "rain umbrella", "brolly", "umbrella", "parasol"),
        ("98 cm", "105 cm", "120 cm", "8 ribs"), "handle", CLOTH, 0.45,
    ),
    Kind(
        "leisure<reading<books", 42, shapes_books.book, "lie",
        ("hardback", "paperback", "pocket", "elastic-band"),
        ("clothbound", "illustrated", "lined", "recycled paper"),
        ("book", "novel", "journal", "book", "edition"),
        ("A5", "192 pages", "256 pages", "gift size"), "cover art",
        CLOTH, 0.55,
    ),
)  # fmt: skip
