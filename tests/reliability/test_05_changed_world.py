"""Promise 5: a run whose data, encoder or architecture changed is not gone on with."""

import csv
import json
import shutil

import numpy as np
import pytest
from processes import SMALL
from small_runs import ROOT, small_network

from huse_tf.catalog import read_catalog
from huse_tf.config import load_config
from huse_tf.errors import InputError
from huse_tf.run import changes
from huse_tf.run.folder import RunFolder
from huse_tf.semantic_graph import read_graph


def refusal(check, *arguments):
    with pytest.raises(InputError) as caught:
        check(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def config(shop, **settings):
    chosen = {**SMALL, **shop.settings}
    chosen |= {key.replace("__", "."): value for key, value in settings.items()}
    return load_config(ROOT / "config.ini", [f"{k}={v}" for k, v in chosen.items()])


@pytest.mark.parametrize(
    ("settings", "line", "acceptable"),
    [
        ({"loss__beta": 0.5}, "loss.beta: 1.0 here, 0.5 there", True),
        ({"training__batch_size": 8}, "batch_size: 16 here, 8 there", True),
        ({"towers__units": 64}, "towers.units: 32 here, 64 there", False),
        ({"optimizer__name": "adam"}, "optimizer.name: rmsprop here", False),
    ],
)
def test_other_settings(shop, calm, settings, line, acceptable, capsys):
    other = config(shop, **settings)
    message = refusal(changes.check_config, RunFolder(calm), other)
    assert line in message
    assert ("by `accept_changes`" in message) == acceptable
    accepting = RunFolder(calm, accept_changes=True)
    if acceptable:
        changes.check_config(accepting, other)
        assert line in capsys.readouterr().out
    else:
        assert "cannot bridge" in refusal(changes.check_config, accepting, other)


def test_settings_that_change_nothing_learned_are_free(shop, calm):
    changes.check_config(RunFolder(calm), config(shop, training__epochs=9))


def changed_csv(shop, folder, change):
    with open(shop.settings["data.csv"], encoding="utf-8") as file:
        products = list(csv.DictReader(file))
    change(products)
    path = folder / "catalog.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, products[0].keys())
        writer.writeheader()
        writer.writerows(products)
    return path


def test_another_catalogue_and_another_class_list(shop, calm, tmp_path, capsys):
    def retitle(products):
        products[0]["text"] += " new"

    def rename(products):
        gone = products[0]["class"]
        for product in products:
            if product["class"] == gone:
                product["class"] = "zebras"

    path = changed_csv(shop, tmp_path, retitle)
    catalog = read_catalog(config(shop, data__csv=path).data)
    message = refusal(changes.check_catalog, RunFolder(calm), catalog)
    assert "fingerprint: " in message and "by `accept_changes`" in message
    changes.check_catalog(RunFolder(calm, accept_changes=True), catalog)
    assert "accepted: 1 rows have another text or class" in capsys.readouterr().out

    path = changed_csv(shop, tmp_path, rename)
    catalog = read_catalog(config(shop, data__csv=path).data)
    message = refusal(
        changes.check_catalog, RunFolder(calm, accept_changes=True), catalog
    )
    assert "new in the class list: zebras; gone in the class list: " in message
    assert "cannot bridge" in message


def test_another_encoder(shop, calm):
    folder = RunFolder(calm)
    encoders = json.loads(folder.encoders_file.read_text())
    graph = read_graph(folder.graph_file, folder.read_classes())
    changes.check_encoders(folder, encoders, graph)
    changes.check_encoders(folder, encoders, graph + np.float32(1e-6))
    message = refusal(changes.check_encoders, folder, encoders, graph + np.float32(0.1))
    assert "class distances differ by up to 0.1" in message
    encoders["image_encoder"]["weights"] = "f" * 64
    message = refusal(changes.check_encoders, folder, encoders, graph)
    assert "image_encoder weights: " in message and "ffffffffffff... now" in message
    encoders["image_encoder"]["dim"] = 7
    accepting = RunFolder(calm, accept_changes=True)
    message = refusal(changes.check_encoders, accepting, encoders, graph)
    assert "image_encoder dim: 6 then, 7 now" in message and "cannot" in message


def test_checkpoints_that_nobody_knows_are_not_taken(shop, calm, tmp_path):
    shutil.copytree(calm / "checkpoints", tmp_path / "checkpoints")
    assert "no config.ini" in refusal(
        changes.check_config, RunFolder(tmp_path), config(shop)
    )


@pytest.mark.slow
def test_an_encoder_file_that_changed_under_its_name(shop, calm):
    """Refused; accepted, the run goes on, and two more epochs raise the rate again.

    4 epochs of 3 steps made a cosine that ended at step 12, at 0.
    """
    shutil.copytree(calm, shop.folder / "encoder")
    network = shop.settings["image_encoder.name"]
    before = network.read_bytes()
    more = {"training.epochs": "6"}
    try:
        small_network(network.parent, seed=4)
        status, output = shop.train("encoder", more)
        assert status == 1, output
        last = output.strip().splitlines()[-1]
        assert "image_encoder weights: " in last and "`accept_changes`" in last
        status, output = shop.train("encoder", more, False, True)
    finally:
        network.write_bytes(before)
    assert status == 0, output
    assert "accepted: image_encoder weights: " in output
    assert "now ends at step 18, not 12: after step 12 it is" in output
    assert "instead of 0\n" in output
    assert "going on after step 12" in output
