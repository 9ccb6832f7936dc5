"""Titles as a shop writes them; every brand and collection is invented."""

from random import Random

from drawing.kinds import Kind
from drawing.look import Look

VAGUE_SHARE = 0.2
BRANDS = {
    "home": ("Quillfen", "Harrowmint", "Oskavi", "Mirvello", "Pomvik", "Tandrillo"),
    "furniture": ("Skarlund", "Oakenby", "Pomvik", "Lindquay", "Wexmoor", "Mirvello"),
    "fashion": ("Zephandra", "Drovanti", "Fennimark", "Kestrand", "Yarrowmill"),
    "accessories": ("Belorra", "Kestrand", "Drovanti", "Tandrillo", "Plumbrook"),
    "leisure": ("Inkwell Lane", "Plumbrook", "Yarrowmill", "Paperfinch"),
}
COLLECTIONS = (
    "Harbour", "Juniper", "Solstice", "Meadow", "Northlight", "Pebble", "Orchard",
    "Marais", "Fjord", "Saffron", "Tidewater", "Heirloom", "Atelier", "Wildwood",
    "Lantern", "Cobalt Bay", "Sunday", "Promenade", "Halcyon", "Bramble",
)  # fmt: skip
ADJECTIVES = (
    "classic", "everyday", "handmade", "timeless", "modern", "lightweight", "cosy",
    "premium", "vintage", "minimalist", "playful", "elegant", "rustic", "durable",
    "soft", "bold", "limited edition", "bestselling", "new season", "eco",
)  # fmt: skip
VAGUE = ("favourite", "essential", "gift idea", "signature piece", "find", "staple")
PLAIN_STYLES = frozenset(
    {"straight", "round", "wall", "classic", "column", "panel", "low-top", "wide"}
)
SYNONYMS = {
    "white": "off-white",
    "cream": "ivory",
    "grey": "stone grey",
    "charcoal": "anthracite",
    "red": "cherry red",
    "burgundy": "wine red",
    "coral": "salmon",
    "mustard": "ochre",
    "olive": "khaki",
    "forest green": "bottle green",
    "mint": "pale green",
    "teal": "petrol",
    "sky blue": "light blue",
    "blue": "royal blue",
    "navy": "midnight blue",
    "purple": "violet",
    "lilac": "lavender",
    "pink": "rose",
    "brown": "chocolate",
    "tan": "camel",
}
PATTERN_WORDS = {
    "striped": ("striped", "with {} stripes", "stripe"),
    "pinstriped": ("pinstriped", "with {} pinstripes", "pinstripe"),
    "checked": ("checked", "with {} checks", "gingham"),
    "plaid": ("plaid", "with {} plaid", "tartan"),
    "dotted": ("polka dot", "with {} dots", "spotted"),
    "zigzag": ("zigzag", "with {} zigzags", "chevron"),
    "floral": ("floral", "with {} flowers", "flower print"),
    "two-tone": ("two-tone", "with {} base", "colour dip"),
    "speckled": ("speckled", "with {} speckles", "flecked"),
}


def title(kind: Kind, look: Look, r: Random) -> str:
    """Name a product; some names say nothing of its class."""
    brand = r.choice(BRANDS[kind.department])
    collection, adjective = r.choice(COLLECTIONS), r.choice(ADJECTIVES)
    colours = _colours(kind, look, r)
    if r.random() < VAGUE_SHARE:
        text = r.choice(
            (
                f"{brand} {collection} in {colours}",
                f"{adjective} {r.choice(VAGUE)} by {brand}, {colours}",
                f"{collection} collection, {colours}, {adjective}",
                f"{brand} {collection} {r.choice(VAGUE)} {colours}",
            )
        )
        return text[0].upper() + text[1:]
    style = "" if look.style in PLAIN_STYLES or r.random() < 0.25 else look.style
    material = look.material if r.random() < 0.55 else ""
    noun = r.choice(kind.nouns)
    named = " ".join(word for word in (style, material, noun) if word)
    if style.startswith("with "):
        named = " ".join(word for word in (material, noun, style) if word)
    elif style and style.split()[-1] == noun.split()[0]:
        named = named.replace(f"{style} ", "", 1)
    text = r.choice(
        (
            f"{brand} {adjective} {named}, {colours}",
            f"{brand} {named} in {colours}",
            f"{named} {colours} by {brand}",
            f"{brand} {collection} {named} - {colours}",
            f"{adjective} {named} in {colours}",
        )
    )
    if r.random() < 0.45:
        text += f", {r.choice(kind.sizes)}"
    return text[0].upper() + text[1:]


def _colours(kind: Kind, look: Look, r: Random) -> str:
    main, second = (
        SYNONYMS.get(name, name) if r.random() < 0.25 else name
        for name in (look.colour, look.accent)
    )
    if look.pattern != "solid":
        before, after, short = PATTERN_WORDS[look.pattern]
        return r.choice(
            (
                f"{main} {after.format(second)}",
                f"{main} and {second} {before}",
                f"{short} {main} and {second}",
                f"{before} {main}",
            )
        )
    if kind.trim and r.random() < 0.45:
        return f"{main} with {second} {kind.trim}"
    return main
