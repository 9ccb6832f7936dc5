"""What is compared and what a sweep draws."""

import pytest

from huse_tf.comparison import sweep, variants
from huse_tf.comparison.variants import METHODS, PRESETS, changed
from huse_tf.config import load_config
from huse_tf.errors import InputError
from huse_tf.objectives.registry import OBJECTIVES


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.ini"
    path.write_text("[data]\ncsv = a.csv\nimages = b\n")
    return load_config(path)


def test_the_methods_are_all_objectives(config):
    rows = variants.methods(",".join(METHODS))
    made = [changed(config, row.changes) for row in rows]
    assert {config.objective.name for config in made} == set(OBJECTIVES)
    assert sorted(sweep.SPACE) == sorted(METHODS)


def test_huse_is_the_papers_and_huse_product_the_configs(config):
    huse, product = variants.methods("huse,huse_product")
    assert changed(config, product.changes) == config
    assert changed(config, huse.changes) == changed(config, {"loss.delta": 0.0})


def test_methods_are_read_in_order():
    rows = variants.methods("cme, separate,huse")
    assert [row.name for row in rows] == ["cme", "separate", "huse"]
    assert [row.shares_space for row in rows] == [True, False, True]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("huse,tripplet", "unknown method 'tripplet'; the nearest is triplet"),
        ("huse,", "unknown method ''"),
        ("huse,cme,huse", "comes twice"),
    ],
)
def test_wrong_methods_are_one_line(names, message):
    with pytest.raises(InputError, match=message) as caught:
        variants.methods(names)
    assert "\n" not in str(caught.value)


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(InputError, match="the nearest is terms"):
        variants.preset("term")


def test_separate_takes_its_best_epoch_by_what_its_table_shows(config):
    (separate,) = variants.methods("separate")
    best = changed(config, separate.changes).training.best_metric
    assert best == "fusion_accuracy"


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_configs_that_an_ini_can_hold(name, config, tmp_path):
    """Each variant is huse, differs from the others, and reads back as it was."""
    rows = variants.preset(name)
    configs = [changed(config, row.changes) for row in rows]
    for number, made in enumerate(configs):
        made.save(tmp_path / f"{number}.ini")
        assert load_config(tmp_path / f"{number}.ini") == made
        assert made.objective.name == "huse"
        for other in configs[:number]:
            assert made.differences(other)
    assert len({row.name for row in rows}) == len(rows)


def test_the_margin_preset_turns_the_margin_on(config):
    """With graph_margin = none, the default, zeta has no effect."""
    assert config.loss.graph_margin == "none"
    for row in variants.preset("margin"):
        assert changed(config, row.changes).loss.graph_margin == "hinge"


@pytest.mark.parametrize("name", METHODS)
def test_draws_stay_near_the_config_and_fit_an_ini(name, config, tmp_path):
    (row,) = variants.methods(name)
    assert sweep.draw(config, row, 0) == {}
    for trial in range(1, 30):
        drawn = sweep.draw(config, row, trial)
        assert tuple(drawn) == sweep.keys(name)
        for key, value in drawn.items():
            # 3 digits: rounding moves a value by at most 0.5 %
            ratio = value / config.value(key)
            assert 1 / 4.03 < ratio < 4.03
        made = changed(config, drawn)
        made.save(tmp_path / "drawn.ini")
        assert load_config(tmp_path / "drawn.ini") == made


def test_draws_depend_on_method_trial_and_seed_alone(config):
    huse, cme = variants.methods("huse,cme")
    rate = "optimizer.learning_rate"
    other_seed = changed(config, {"training.seed": 1})
    drawn = [
        sweep.draw(config, huse, 1)[rate],
        sweep.draw(config, huse, 2)[rate],
        sweep.draw(config, cme, 1)[rate],
        sweep.draw(other_seed, huse, 1)[rate],
    ]
    assert len(set(drawn)) == 4
    assert sweep.draw(config, huse, 1)[rate] == drawn[0]


def test_draws_are_log_uniform(config):
    """Half of the draws lie below the config's value, a quarter below half of it."""
    (row,) = variants.methods("triplet")
    rates = [
        sweep.draw(config, row, trial)["optimizer.learning_rate"]
        for trial in range(1, 401)
    ]
    ratios = [rate / config.optimizer.learning_rate for rate in rates]
    # binomial: standard errors 0.025 and 0.022; 4 of them on either side
    assert sum(ratio < 1 for ratio in ratios) / 400 == pytest.approx(0.5, abs=0.1)
    assert sum(ratio < 0.5 for ratio in ratios) / 400 == pytest.approx(0.25, abs=0.09)


def test_draws_do_not_pass_the_highest_value(config):
    (row,) = variants.methods("cme")
    high = changed(config, {"objective.cme_positive_share": 0.9})
    drawn = [
        sweep.draw(high, row, trial)["objective.cme_positive_share"]
        for trial in range(1, 20)
    ]
    assert max(drawn) == 1.0


def test_what_is_no_number_is_not_varied(config):
    (row,) = variants.methods("hie")
    learned = changed(config, {"loss.logit_scale": "learned"})
    assert "loss.logit_scale" not in sweep.draw(learned, row, 1)


def test_scores_are_means_of_what_the_method_has():
    one, two = variants.methods("huse,separate")
    metrics = {
        "image_to_image_R@1": 0.1,
        "image_to_text_R@1": 0.2,
        "text_to_image_R@1": 0.3,
        "text_to_text_R@1": 0.6,
        "image_to_text_instance_R@10": 0.5,
        "text_to_image_instance_R@10": 0.7,
        "fusion_accuracy": 0.8,
    }
    six = (0.1 + 0.2 + 0.3 + 0.6 + 0.5 + 0.7) / 6
    assert sweep.score(one, metrics) == pytest.approx(six)
    assert sweep.score(two, metrics) == pytest.approx((0.1 + 0.6 + 0.8) / 3)
