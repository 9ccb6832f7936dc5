"""config.ini: every key validated once, with messages a user can act on."""

import dataclasses
import re
from pathlib import Path

import pytest

from huse_tf.config import SECTIONS, Config, load_config
from huse_tf.config.values import BadRows
from huse_tf.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
MINIMAL = "[data]\ncsv = a.csv\nimages = pictures\n"
DATA = MINIMAL.encode()
KEYS = [
    (name, field)
    for name, section in SECTIONS.items()
    for field in dataclasses.fields(section)
]


@pytest.fixture
def ini(tmp_path):
    path = tmp_path / "some.ini"
    path.write_text(MINIMAL)
    return path


def message(ini, *overrides):
    with pytest.raises(InputError) as error:
        load_config(ini, overrides)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_missing_key_takes_its_default(ini):
    config = load_config(ini)
    assert config.loss.margin == 0.7
    assert config.optimizer.learning_rate == 4e-4
    assert config.data.max_bad_rows == BadRows(5.0, percent=True)


def test_paths_start_at_the_folder_of_the_ini(ini, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    config = load_config(
        ini,
        [
            "data.csv=../b.csv",
            "image_encoder.name=encoders/m.keras",
            "image_encoder.weights=w.h5",
            "text_encoder.handle=models/bert",
            "text_encoder.preprocess=/models/pre",
            "text_encoder.vectors=glove.txt",
            "class_encoder.graph=graph.csv",
        ],
    )
    assert config.data.csv == tmp_path.parent / "b.csv"
    assert config.data.images == tmp_path / "pictures"
    assert config.features.folder == tmp_path / "runs/features"
    assert config.image_encoder.name == str(tmp_path / "encoders/m.keras")
    assert config.image_encoder.weights == str(tmp_path / "w.h5")
    assert config.text_encoder.handle == str(tmp_path / "models/bert")
    assert config.text_encoder.preprocess == "/models/pre"
    assert config.text_encoder.vectors == str(tmp_path / "glove.txt")
    assert config.class_encoder.graph == str(tmp_path / "graph.csv")


def test_a_relative_ini_gives_absolute_paths(ini, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config("some.ini").data.csv == tmp_path / "a.csv"


def test_names_and_urls_are_not_paths(ini):
    url = "https://tfhub.dev/google/universal-sentence-encoder/4"
    config = load_config(
        ini,
        [
            f"text_encoder.handle={url}",
            f"image_encoder.name={url}",
            "class_encoder.graph=tree",
            "image_encoder.weights=imagenet",
        ],
    )
    assert config.text_encoder.handle == config.image_encoder.name == url
    assert config.class_encoder.graph == "tree"
    assert config.image_encoder.weights == "imagenet"
    assert load_config(ini).image_encoder.name == "embedded"


@pytest.mark.parametrize(
    ("text", "rows", "limit"),
    [("5%", 199, 9), ("7%", 100, 7), ("0", 10, 0), ("12", 10, 12), ("0.5%", 1000, 5)],
)
def test_bad_rows_are_a_count_or_a_share(ini, text, rows, limit):
    bad = load_config(ini, [f"data.max_bad_rows={text}"]).data.max_bad_rows
    assert bad.limit(rows) == limit
    assert str(bad) == text


def test_words_stand_beside_numbers(ini):
    config = load_config(
        ini, ["loss.logit_scale=learned", "evaluation.fusion_weight=0.25"]
    )
    assert config.loss.logit_scale == "learned"
    assert config.evaluation.fusion_weight == 0.25


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("losss.beta=1", "unknown section [losss]; the nearest is [loss]"),
        ("loss.bta=1", "unknown key loss.bta; the nearest is loss.beta"),
        ("loss.epochs=1", "unknown key loss.epochs; the nearest is training.epochs"),
        ("beta=1", "expected section.key=value; the nearest is loss.beta"),
        ("loss.beta", "expected section.key=value, no '=' received"),
        ("loss.beta=abc", "loss.beta=abc: expected a number >= 0"),
        ("loss.beta=-1", "loss.beta=-1: expected a number >= 0"),
        ("loss.beta=nan", "expected a number >= 0"),
        ("loss.beta=inf", "expected a number >= 0"),
        ("loss.beta=", "loss.beta='': expected a number >= 0"),
        ("towers.dropout=1", "expected a number in [0, 1)"),
        ("optimizer.learning_rate=0", "expected a number in (0, 10]"),
        ("training.epochs=1.5", "expected a whole number >= 1"),
        ("training.seed=2147483648", "a whole number in [0, 2147483647]"),
        ("optimizer.name=adamm", "expected rmsprop | adam | sgd"),
        ("objective.name=facenet", "expected huse | huse_p | triplet | cme"),
        ("objective.cme_margin=1.1", "expected a number in [-1, 1]"),
        ("export.at_end=maybe", "expected yes | no"),
        ("data.max_bad_rows=101%", "a number of rows, or a share such as 5%"),
        ("data.max_bad_rows=-1", "a number of rows, or a share such as 5%"),
        ("data.max_bad_rows=inf%", "a number of rows, or a share such as 5%"),
        ("data.max_bad_rows=nan%", "a number of rows, or a share such as 5%"),
        ("image_encoder.fine_tune=last_0", "none | last_N"),
        ("text_encoder.name=tfidf+tfidf", "or several joined by +"),
        ("text_encoder.name=glove", "bert | use | tfidf"),
        ("loss.logit_scale=learnt", "learned | a number in (0, 1000]"),
        ("data.csv=a\nb", "expected one line"),
        ("data.csv=a\0b", "expected one line"),
    ],
)
def test_a_wrong_override_is_one_clear_line(ini, override, expected):
    text = message(ini, override)
    assert expected in text
    assert text.startswith("`set` ")


@pytest.mark.parametrize("wrong", ["image_to_text_R@2", "grahp_loss"])
def test_a_metric_that_does_not_exist_names_the_nearest(ini, wrong):
    text = message(ini, f"training.best_metric={wrong}")
    near = r"image_to_text_R@\d" if "R@" in wrong else "graph_loss"
    assert re.search(f"the nearest is {near}", text)


def test_a_term_of_the_users_own_objective_can_choose_the_best_model(ini):
    own = ["objective.name=shop.terms:Colours", "training.best_metric=colour_loss"]
    assert load_config(ini, own).training.best_metric == "colour_loss"


def test_a_class_of_the_users_own_keeps_the_folder_of_its_ini(ini, tmp_path):
    config = load_config(
        ini,
        [
            "image_encoder.name=shop.nets:Net",
            "text_encoder.name=tfidf + shop:Words",
            "objective.name=shop:Terms",
        ],
    )
    assert config.own_parts() == [
        "image_encoder.name = shop.nets:Net",
        "text_encoder.name = tfidf+shop:Words",
        "objective.name = shop:Terms",
    ]
    assert config.image_encoder.name.folder == config.objective.name.folder == tmp_path
    config.save(ini)
    assert load_config(ini) == config
    assert load_config(ini, ["image_encoder.name=embedded"]).own_parts() == [
        "text_encoder.name = tfidf+shop:Words",
        "objective.name = shop:Terms",
    ]


@pytest.mark.parametrize(
    "name", ["shop", "shop:", ":Words", "shop:9", "a b:C", "a:b:C"]
)
def test_what_is_no_class_and_no_known_name_is_refused(ini, name):
    for key in ("objective.name", "class_encoder.name"):
        assert "| package.module:Class" in message(ini, f"{key}={name}")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            ["text_encoder.name=bert", "text_encoder.handle=/b"],
            "text_encoder.name = bert needs text_encoder.preprocess",
        ),
        (["class_encoder.name=use"], "class_encoder.name = use needs"),
        (["text_encoder.name=word_vectors"], "needs text_encoder.vectors"),
        (["text_encoder.name=bert+use"], "bert and use share the key handle"),
        (
            ["data.validation_fraction=0.5", "data.test_fraction=0.5"],
            "data.validation_fraction + data.test_fraction = 1: expected less than 1",
        ),
    ],
)
def test_keys_that_do_not_go_together(ini, overrides, expected):
    text = message(ini, *overrides)
    assert text.startswith(str(ini))
    assert expected in text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"beta = 1\n", "not an ini file"),
        (b"[loss]\nbeta = 1\nbeta = 2\n", "'beta' in section 'loss' already exists"),
        (b"[loss]\n[loss]\n", "section 'loss' already exists"),
        (b"[losses]\n", "unknown section [losses]; the nearest is [loss]"),
        (b"[DEFAULT]\nbeta = 1\n", "unknown section [DEFAULT]"),
        (b"[loss]\nBeta = 1\n", "unknown key loss.Beta; the nearest is loss.beta"),
        (DATA + b"[loss]\nbeta = 1\n 2\n", "expected one line"),
        (DATA + b"[loss]\nbeta = x\n", "[loss] beta = x: expected a number >= 0"),
        (b"[data]\ncsv = caf\xe9.csv\n", "not UTF-8"),
        (b"[data]\nimages = x\n", "[data] csv is missing"),
        (b"", "[data] csv is missing"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path, content, expected):
    path = tmp_path / "wrong.ini"
    path.write_bytes(content)
    text = message(path)
    assert text.startswith(str(path))
    assert expected in text


def test_a_missing_file_names_the_argument(tmp_path):
    assert "No such file" in message(tmp_path / "none.ini")
    assert message(tmp_path).startswith(f"`config` {tmp_path}: cannot be read")


def test_bom_crlf_percent_and_separator_characters_are_text(tmp_path):
    path = tmp_path / "x.ini"
    text = "[data]\r\ncsv = 100%s;#.csv\r\nimages = i\r\nclass_separator = ;\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    config = load_config(path)
    assert config.data.csv == tmp_path / "100%s;#.csv"
    assert config.data.class_separator == ";"


def other_value(name, field):
    """Returns a text for the key that is not its default."""
    key = f"{name}.{field.name}"
    special = {
        "image_encoder.name": "m.keras",
        "image_encoder.weights": "w.h5",
        "image_encoder.fine_tune": "last_3",
        "text_encoder.fine_tune": "all",
        "data.class_separator": ">",
        "data.max_bad_rows": "7",
        "text_encoder.max_unreadable": "7",
        "class_encoder.max_unreadable": "7",
        "training.best_metric": "loss",
        "loss.logit_scale": "learned",
        "evaluation.fusion_weight": "0.1",
        "class_encoder.graph": "tree",
        "loss.graph_margin": "hinge",
        "optimizer.schedule": "cosine",
    }
    if key in special:
        return special[key]
    if key in ("text_encoder.name", "class_encoder.name"):
        return "tfidf+embedded"
    if field.name == "allowed_ops":
        return "ReadFile,WriteFile"
    if field.type is bool:
        return "no" if field.default else "yes"
    if field.type is int:
        return str(field.default + 1)
    if field.type is float:
        return repr(field.default / 3)
    if field.type is Path or field.metadata["kind"].expected.endswith("empty"):
        return "sub folder/é=1"
    return field.metadata["kind"].expected.split(" | ")[-1]


@pytest.mark.parametrize(
    ("name", "field"), KEYS, ids=[f"{name}.{field.name}" for name, field in KEYS]
)
def test_every_key_survives_saving(ini, tmp_path, name, field):
    base = load_config(ini)
    config = load_config(ini, [f"{name}.{field.name}={other_value(name, field)}"])
    (line,) = base.differences(config)
    assert line.startswith(f"{name}.{field.name}: ")
    saved = tmp_path / "run" / "config.ini"
    saved.parent.mkdir()
    config.save(saved)
    assert load_config(saved) == config
    assert [p.name for p in saved.parent.iterdir()] == ["config.ini"]


def test_differences_say_here_and_there(ini):
    here, there = load_config(ini), load_config(ini, ["loss.beta=0.5"])
    assert here.differences(there) == ["loss.beta: 5.0 here, 0.5 there"]
    assert here.differences(here) == []


def test_brief_shows_paths_and_what_differs_from_its_default(ini):
    config = load_config(ini, ["loss.beta=0.5", "training.epochs=7", "loss.alpha=1"])
    head, *shown = config.brief().splitlines()
    assert head.endswith("has every key):")
    assert re.findall(r"(?:^| )(\[?\w+[]=])(\S*)", " ".join(shown)) == [
        ("[data]", ""),
        ("csv=", str(config.data.csv)),
        ("images=", str(config.data.images)),
        ("[loss]", ""),
        ("beta=", "0.5"),
        ("[training]", ""),
        ("epochs=", "7"),
        ("[features]", ""),
        ("folder=", str(config.features.folder)),
    ]


def test_one_factory_can_take_the_text_or_the_class_encoder(ini):
    config = load_config(ini)
    for field in dataclasses.fields(config.text_encoder):
        assert hasattr(config.class_encoder, field.name)
    assert config.class_encoder.fine_tune == "none"


def test_configs_are_frozen(ini):
    config = load_config(ini)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.loss.beta = 2.0
    assert isinstance(config, Config)
