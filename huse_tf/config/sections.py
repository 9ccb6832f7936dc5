"""The sections of config.ini: one frozen dataclass each, one owner of every key.

Those of the encoders are in encoder_sections.
"""

from pathlib import Path

from huse_tf.config import values as kinds
from huse_tf.config.declaring import key as _key
from huse_tf.config.declaring import section as _section
from huse_tf.config.values import BadRows
from huse_tf.metrics.registry import CHOOSING
from huse_tf.objectives.registry import OBJECTIVES


@_section
class DataConfig:
    """[data]."""

    csv: Path = _key(kinds.PATH, "the catalogue")
    images: Path = _key(kinds.PATH, "the folder that its image column refers to")
    id_column: str = _key(
        kinds.COLUMN, "the products' ids; rows of one id are one product", "", "none"
    )
    image_column: str = _key(kinds.COLUMN, "the pictures' files", "")
    text_columns: tuple[str, ...] = _key(
        kinds.COLUMNS, "the texts, joined in this order", ()
    )
    class_columns: tuple[str, ...] = _key(
        kinds.COLUMNS, "the class, or its levels from general to specific", ()
    )
    class_separator: str = _key(
        kinds.SEPARATOR,
        "joins the levels of a class path; auto: recognised from the class names",
        default="auto",
        earlier="<",
    )
    join_similar_classes: bool = _key(
        kinds.YES_NO,
        "classes that differ in case, blanks or Unicode form alone are one",
        False,
    )
    all_pictures: bool = _key(
        kinds.YES_NO,
        "a.jpg|b.jpg in a cell, and columns image_2, image_3, ..., are pictures of one "
        "product; no: the first column is one file",
        default=True,
        earlier=False,
    )
    allow_missing: bool = _key(
        kinds.YES_NO,
        "products with a picture or a text alone are used; no: they are rejected",
        default=True,
        earlier=False,
    )
    min_class_size: int = _key(
        kinds.integer(1), "rows of classes smaller than this are rejected", 2
    )
    validation_fraction: float = _key(
        kinds.number(0, 1, "[)"), "share of rows where there is no split column", 0.1
    )
    test_fraction: float = _key(
        kinds.number(0, 1, "[)"), "share of rows where there is no split column", 0.1
    )
    split_by: str = _key(
        kinds.choice("hash", "draw"),
        "without a split column: hash of what a product is, which keeps its split when "
        "others come or go, or a draw by classes, anew for each catalogue",
        default="hash",
        earlier="draw",
    )
    split_together: str = _key(
        kinds.choice("none", "pictures", "texts", "both"),
        "rows of equal pictures, texts or both share a split; of one product always",
        "none",
    )
    split_seed: int = _key(
        kinds.integer(0, 2**31 - 1),
        "of the split where there is no split column",
        0,
    )
    max_bad_rows: BadRows = _key(
        kinds.BAD_ROWS, "more rejected rows than this stop the run", BadRows(5.0, True)
    )


@_section
class TowersConfig:
    """[towers]."""

    image_layers: int = _key(
        kinds.integer(1, 100), "layers of the image tower", 3, earlier=5
    )
    text_layers: int = _key(kinds.integer(1, 100), "layers of the text tower", 2)
    units: int = _key(kinds.integer(1), "width of the hidden layers", 512)
    embedding_dim: int = _key(
        kinds.integer(2), "width of the last layer, the embedding", 512
    )
    dropout: float = _key(
        kinds.number(0, 1, "[)"), "share of units dropped between layers", 0.05
    )


@_section
class ObjectiveConfig:
    """[objective]: the methods of section 4.2, and what is theirs alone."""

    name: str = _key(
        kinds.part(OBJECTIVES),
        "what is optimised; huse and huse_p (eq 13) by [loss], the others by this",
        "huse",
    )
    triplet_margin: float = _key(
        kinds.number(0, 4), "a squared Euclidean distance", 0.2
    )
    cme_margin: float = _key(
        kinds.number(-1, 1), "non-pairs above this cosine are pushed apart", 0.1
    )
    cme_positive_share: float = _key(
        kinds.number(0, 1), "weight of pairs, the rest is of non-pairs", 0.2
    )
    cme_classification_weight: float = _key(
        kinds.number(0), "weight of the classification loss", 0.02
    )
    adamine_margin: float = _key(kinds.number(0, 2), "a cosine distance", 0.3)
    adamine_class_weight: float = _key(
        kinds.number(0), "weight of the triplets of classes", 0.3
    )
    devise_margin: float = _key(kinds.number(0, 2), "a cosine distance", 0.1)
    hie_classification_weight: float = _key(
        kinds.number(0), "weight of the classification loss", 0.1
    )


@_section
class LossConfig:
    """[loss]."""

    alpha: float = _key(kinds.number(0), "weight of the classification loss, eq 5", 1.0)
    beta: float = _key(kinds.number(0), "weight of the graph loss, eq 5", 5.0)
    gamma: float = _key(kinds.number(0), "weight of the gap loss, eq 5", 1.0)
    margin: float = _key(kinds.number(0, 2), "zeta of eq 10, a cosine distance", 0.7)
    graph_margin: str = _key(
        kinds.choice("printed", "hinge", "none"),
        "eq 10 to the letter, as its sentence says, or eq 9 without a margin",
        "none",
    )
    delta: float = _key(
        kinds.number(0), "weight of the product loss; 0 is eq 5", 1.0, earlier=0.0
    )
    temperature: float = _key(
        kinds.number(0, 1, "(]"), "of the product loss: cosines are divided by it", 0.05
    )
    class_margin: float = _key(
        kinds.number(0, 2),
        "of the product loss: added to the cosines of products of other classes",
        0.2,
    )
    logit_scale: float | str = _key(
        kinds.either(("learned",), kinds.number(0, 1000, "(]")),
        "the classifier's logits are multiplied by it",
        8.0,
    )


@_section
class OptimizerConfig:
    """[optimizer]."""

    name: str = _key(kinds.choice("rmsprop", "adam", "sgd"), "the optimizer", "rmsprop")
    learning_rate: float = _key(
        kinds.number(0, 10, "(]"), "the highest one", 4e-4, earlier=2e-4
    )
    momentum: float = _key(kinds.number(0, 1, "[)"), "of rmsprop and sgd", 0.9)
    schedule: str = _key(
        kinds.choice("constant", "cosine"),
        "of the learning rate after warm-up",
        "constant",
    )
    warmup_steps: int = _key(
        kinds.integer(0), "the learning rate rises from 0 in this many steps", 30
    )
    average_decay: float = _key(
        kinds.number(0, 1, "[)"),
        "of the weights' running average, which is validated and exported; 0 is off",
        0.99,
    )


@_section
class TrainingConfig:
    """[training]."""

    batch_size: int = _key(kinds.integer(1), "products a step", 512)
    epochs: int = _key(kinds.integer(1), "passes over the training rows", 100)
    seed: int = _key(
        kinds.integer(0, 2**31 - 1), "of weights, sample order, dropout", 0
    )
    precision: str = _key(
        kinds.choice("float32", "mixed_bfloat16", "mixed_float16"),
        "of the layers; losses and embeddings stay float32",
        "float32",
    )
    distribute: str = _key(
        kinds.choice("none", "devices", "workers"),
        "one device, all devices of the machine, or the workers of TF_CONFIG",
        "none",
    )
    steps_per_call: int = _key(
        kinds.integer(1),
        "steps without a look at clock and signals; more keep a GPU busy",
        1,
    )
    jit_compile: bool = _key(
        kinds.YES_NO, "compile the step by XLA, on one device", False
    )
    tf32: bool = _key(
        kinds.YES_NO,
        "on a GPU that has it, steps multiply float32 with 10 bits; all else never",
        True,
    )
    deterministic: bool = _key(
        kinds.YES_NO,
        "on a GPU too, a run that goes on is bit by bit the one that was not stopped; "
        "slower",
        False,
    )
    checkpoint_minutes: float = _key(
        kinds.number(0, bounds="(]"), "minutes between two checkpoints", 5.0
    )
    keep_checkpoints: int = _key(kinds.integer(1), "the newest ones that stay", 3)
    early_stopping_epochs: int = _key(
        kinds.integer(0),
        "stop after this many without a better model; 0 is off",
        default=100,
        earlier=0,
    )
    validate_epochs: int = _key(kinds.integer(1), "validate every so many epochs", 10)
    best_metric: str = _key(
        kinds.named("a metric's name, or loss", CHOOSING, further=r"[a-z]\w*_loss"),
        "of the validation rows; chooses the best model, of equals the one of the "
        "lower loss",
        default="balanced_retrieval",
        earlier="image_to_text_R@1",
    )


@_section
class FeaturesConfig:
    """[features]."""

    folder: Path = _key(
        kinds.PATH,
        "encoded pictures and texts, shared by all runs",
        Path("runs/features"),
    )
    dtype: str = _key(kinds.choice("float32", "float16"), "in these files", "float32")
    batch_size: int = _key(kinds.integer(1), "products encoded at a time", 16)
    verify: bool = _key(
        kinds.YES_NO,
        "hash the stored features that a run uses, once, at its start",
        True,
    )


@_section
class EvaluationConfig:
    """[evaluation]."""

    fusion_weight: float | str = _key(
        kinds.either(("validation",), kinds.number(0, 1)),
        "of the image in the fused probability, or chosen on the validation rows",
        "validation",
    )
    chunk_size: int = _key(kinds.integer(1), "queries ranked at a time", 1024)
    max_queries: int = _key(
        kinds.integer(0),
        "of more rows than this so many are queries, drawn once, and all are answers; "
        "0: all are queries",
        default=10_000,
        earlier=0,
    )
    suspects: bool = _key(
        kinds.YES_NO,
        "look for wrong labels and the like with each report: suspects.csv",
        True,
    )


@_section
class ExportConfig:
    """[export]."""

    at_end: bool = _key(kinds.YES_NO, "export the best model when training ends", True)
    vector_dtype: str = _key(
        kinds.choice("float32", "float16", "int8"),
        "of the vectors that embed.py writes; int8 is 127 times a component",
        "float32",
    )
