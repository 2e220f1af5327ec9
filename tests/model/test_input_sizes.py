"""What a model is fed: shapes as a user gives them, and how the sizes of open axes hang together."""

from __future__ import annotations

from paoding_onnx.model.input_sizes import BATCH, FIXED, Feeding, Relation

DECODER = Relation(
    {
        ("ids", 0): BATCH,
        ("ids", 1): "new",
        ("past", 0): BATCH,
        ("past", 2): "past",
        ("mask", 0): BATCH,
        ("mask", 1): "all",
    },
    {"all": ("past", "new")},
)


def test_feeding_reads_like_the_option_that_gives_shapes():
    assert str(Feeding({"ids": (1, 7), "step": ()})) == "ids=1x7 step=scalar"


def test_what_others_make_and_the_batch_are_not_chosen():
    assert DECODER.free == ("new", "past")


def test_free_sizes_come_in_the_order_of_the_inputs():
    assert Relation({("a", 1): "w", ("a", 0): "h", ("b", 0): "w"}).free == ("w", "h")


def test_sum_follows_its_parts():
    dims = {"ids": (None, None), "past": (None, 4, None, 8), "mask": (None, None)}
    assert DECODER.shapes(dims, 3, {"new": 5, "past": 0}) == {"ids": (3, 5), "past": (3, 4, 0, 8), "mask": (3, 5)}


def test_axes_with_a_number_keep_it():
    assert FIXED.shapes({"x": (2, 3), "s": ()}, 9, {}) == {"x": (2, 3), "s": ()}


def test_batch_is_open_where_an_axis_counts_samples():
    assert DECODER.has_batch
    assert not Relation({("x", 0): "t"}).has_batch
