import numpy as np
import pytest

from huse_tf import arguments


@pytest.mark.parametrize("value", [0, 1.5, np.float32(2), np.int64(1)])
def test_numbers_within_come_back_as_they_were(value):
    assert arguments.number("x", value, 0, 2) is value


@pytest.mark.parametrize(
    "value", [-0.1, 2.1, float("nan"), float("inf"), "1", None, True, [1]]
)
def test_other_numbers_are_named(value):
    with pytest.raises(ValueError, match=r"x must be a number in \[0, 2\]") as error:
        arguments.number("x", value, 0, 2)
    assert str(error.value).endswith(f"Received: {value!r}")


def test_bounds_may_be_left_out():
    assert arguments.number("x", 1, 0, 1, "(]") == 1
    for value in (0, 1):
        with pytest.raises(ValueError, match=r"in \(0, 1\)"):
            arguments.number("x", value, 0, 1, "()")
    with pytest.raises(ValueError, match="x must be a number > 0. Received: 0"):
        arguments.number("x", 0, 0, bounds="(]")


@pytest.mark.parametrize("value", [0, 4, 2.0, False, "2"])
def test_whole_numbers_only(value):
    assert arguments.integer("x", np.int32(3), 1, 3) == 3
    with pytest.raises(ValueError, match=r"x must be a whole number in \[1, 3\]"):
        arguments.integer("x", value, 1, 3)


def test_the_first_negative_one_of_several_is_named():
    arguments.not_negative(a=0, b=1)
    with pytest.raises(ValueError, match="b must be a number >= 0. Received: -3"):
        arguments.not_negative(a=0, b=-3, c=-4)


@pytest.mark.parametrize("value", ["c", None, ["a"]])
def test_choices(value):
    assert arguments.choice("x", "a", ("a", "b")) == "a"
    with pytest.raises(ValueError, match="x must be one of a, b. Received: "):
        arguments.choice("x", value, ("a", "b"))
