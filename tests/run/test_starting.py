"""A new run that starts from the towers of another one."""

import json
import shutil

import numpy as np
import pytest
from small_runs import EXAMPLE, ROOT, TINY, products, small_network, write_rows

from huse_tf.config import load_config
from huse_tf.errors import InputError
from huse_tf.run.build import prepare
from huse_tf.run.folder import RunFolder
from huse_tf.run.pipelines import stored_features
from huse_tf.run.restore import restore_run, weights_digest
from huse_tf.training.trainer import Trainer


class Shop:
    """Products of three classes and of four, split by what they are."""

    def __init__(self, folder):
        rows = [
            {name: row[name] for name in ("image", "text", "class")}
            for row in products(12)
        ]
        names = sorted({row["class"] for row in rows})
        self.new = names[1]  # its number moves those of the classes after it
        self.folder = folder
        self.csv = folder / "catalog.csv"
        self.network = small_network(folder)
        self.all = rows
        self.old = [row for row in rows if row["class"] != self.new]

    def prepared(self, name, rows, start_from=None, **settings):
        """Prepares a run; returns its folder and experiment."""
        write_rows(self.csv, rows)
        chosen = {
            "data.csv": self.csv,
            "data.images": EXAMPLE / "images",
            "features.folder": self.folder / "features",
            "image_encoder.name": self.network,
            "image_encoder.size": "24",
            **TINY,
            "training.epochs": "4",
            "training.validate_epochs": "2",
            "loss.logit_scale": "learned",
            **{key.replace("__", "."): value for key, value in settings.items()},
        }
        lines = [f"{key}={value}" for key, value in chosen.items()]
        config = load_config(ROOT / "config.ini", lines)
        run = RunFolder(self.folder / name)
        run.path.mkdir(exist_ok=True)
        return run, prepare(config, run, stored_features, start_from=start_from)

    def trained(self, name, rows, start_from=None, **settings):
        run, experiment = self.prepared(name, rows, start_from, **settings)
        Trainer(experiment, run).train()
        return run


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def source(shop):
    return shop.trained("source", shop.old).path


def weights(model, tower):
    return model.network.get_layer(tower).get_weights()


def test_towers_are_kept_and_the_classifier_of_known_classes(shop, source, capsys):
    run, experiment = shop.prepared("new", shop.all, source)
    output = capsys.readouterr().out
    assert "classifier for 3 classes; 1 new: " + shop.new + "; none gone" in output
    assert "validation and test rows was trained on there" in output
    theirs, model = restore_run(source), experiment.model
    for tower in ("image_tower", "text_tower"):
        pairs = zip(weights(theirs.model, tower), weights(model, tower), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)
    names = experiment.catalog.class_names
    assert names.index(shop.new) == 1
    kept = [i for i, name in enumerate(names) if name != shop.new]
    old = theirs.model.network.get_layer("classifier")
    new = model.network.get_layer("classifier")
    np.testing.assert_array_equal(new.kernel.numpy()[:, kept], old.kernel.numpy())
    np.testing.assert_array_equal(new.bias.numpy()[kept], old.bias.numpy())
    scale = old.log_scale.numpy()
    assert new.log_scale.numpy() == scale != pytest.approx(np.log(16))
    _, plain = shop.prepared("plain", shop.all)
    fresh = plain.model.network.get_layer("classifier")
    # TF-IDF of another run has other words, the classifier has the same shape
    of_new = [layer.kernel.numpy()[:, 1] for layer in (new, fresh)]
    np.testing.assert_array_equal(*of_new)
    assert experiment.text_encoder.identity == theirs.text_encoder.identity
    record = json.loads(run.started_file.read_text())
    assert record["weights"] == weights_digest(theirs.model)
    assert record["classes_new"] == [shop.new]


def test_a_run_that_started_so_goes_on_alone(shop, source):
    """With the source gone, and with or without saying again where it is from."""
    copy = shop.folder / "copy"
    shutil.copytree(source, copy)
    run = shop.trained("going", shop.all, copy)
    shutil.rmtree(copy)
    for start_from in (None, copy):
        run, experiment = shop.prepared(
            "going", shop.all, start_from, training__epochs="6"
        )
        trainer = Trainer(experiment, run)
        assert trainer.state["step"] == 4 * experiment.pipeline.steps_per_epoch
    with pytest.raises(InputError, match="started from .*copy, not from `start_from`"):
        shop.prepared("going", shop.all, source)


def test_a_source_that_was_trained_on_since_is_refused(shop, source):
    """As long as the new run has no checkpoint of its own."""
    copy = shop.folder / "moving"
    shutil.copytree(source, copy)
    shop.prepared("waiting", shop.all, copy)
    shop.prepared("waiting", shop.all)
    shutil.rmtree(copy)
    shutil.copytree(shop.trained("other", shop.old, training__seed="8").path, copy)
    with pytest.raises(InputError, match="moving, which it starts from, was trained"):
        shop.prepared("waiting", shop.all)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"towers__units": "16"}, r"towers that do not fit \(towers.units: 32 here"),
        (
            {"towers__units": "16", "towers__image_layers": "2"},
            r"towers.image_layers: 3 here, 2 there; towers.units: 32 here, 16 there",
        ),
        ({"text_encoder__name": "embedded"}, "on other encoders' features .text_enc"),
        ({"image_encoder__size": "32"}, "on other encoders' features .image_encoder"),
    ],
)
def test_what_does_not_fit_is_listed(shop, source, settings, message):
    with pytest.raises(InputError, match=message) as error:
        shop.prepared("refused", shop.all, source, **settings)
    assert "\n" not in str(error.value)
    assert not (shop.folder / "refused" / "config.ini").exists()


def test_a_run_that_began_without_is_not_started_again(shop, source):
    with pytest.raises(InputError, match="started from no other run, not from"):
        shop.prepared("source", shop.old, shop.folder / "elsewhere")
    with pytest.raises(InputError, match="`start_from` .*nothing: no config.ini"):
        shop.prepared("none", shop.all, shop.folder / "nothing")


def test_rows_that_were_trained_on_there_are_counted(shop, source, capsys):
    """Another split_seed holds other rows out."""
    shop.prepared("seeded", shop.all, source, data__split_seed="5")
    assert "validation and test rows were trained on there, so what is measured" in (
        capsys.readouterr().out
    )
