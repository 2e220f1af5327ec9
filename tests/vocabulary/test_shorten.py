"""A shorter vocabulary: rows of tables, entries of heads and compared ids go together, or the model is refused."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.vocabulary.shorten import lookups_of, shorten
from tests.models import model
from tests.tokens import KEPT, PADDED, TIED, UNTIED


def shortened(text, kept=KEPT):
    """A model, and what is left of it."""
    given = model(text)
    return given, shorten(given, lookups_of(given), kept)


def outputs(given, made, ids):
    """What both compute for new ids."""
    old = np.array(made.ids.kept)[ids]
    return Session(given).run({"ids": old})["y"], Session(made.model).run({"ids": ids})["y"]


@pytest.mark.parametrize("text", [TIED, UNTIED])
def test_head_loses_what_the_table_loses(text):
    given, made = shortened(text)
    wanted, got = outputs(given, made, np.array([[0, 1, 2, 3, 4], [5, 4, 3, 0, 0]]))
    np.testing.assert_array_equal(got, wanted[:, :, list(KEPT)])
    assert made.ids.outputs == (("y", 2),)
    assert [dim.dim_value for dim in made.model.proto.graph.output[0].type.tensor_type.shape.dim][1:] == [5, 6]


def test_table_holds_the_rows_that_are_kept():
    given, made = shortened(TIED)
    np.testing.assert_array_equal(constants(made.model)["table"], constants(given)["table"][list(KEPT)])
    assert made.before.parameters - made.after.parameters == 6 * 6


def test_compared_id_gets_its_new_number():
    given, made = shortened(PADDED)
    ids = np.array([[0, 1, 1, 3, 4]])
    wanted, got = outputs(given, made, ids)
    np.testing.assert_array_equal(got, wanted)
    assert (got[0, 1:3] == -9).all()
    assert (got[0, 0] != -9).all()


def test_id_that_is_compared_with_has_to_stay():
    with pytest.raises(UsageError, match="has to keep id 3, as Equal 'same' compares ids with it"):
        shortened(PADDED, (0, 1, 2))


def test_constant_that_others_read_too_stays_for_them():
    text = PADDED.replace("[fill]", "p = Cast <to=1> (pad) g = Add (h, p) [fill]").replace("low, h)", "low, g)")
    given, made = shortened(text)
    wanted, got = outputs(given, made, np.array([[0, 1, 2, 3, 4]]))
    np.testing.assert_array_equal(got, wanted)


def test_output_of_probabilities_is_refused():
    text = TIED.replace("[head] y =", "[head] z =").replace("(d, t)", "(d, t) [soft] y = Softmax (z)")
    with pytest.raises(UsageError, match="may not go: Softmax 'soft'"):
        shortened(text)


def test_separate_head_with_probabilities_is_refused():
    text = UNTIED.replace("[last] y =", "[last] z =").replace("(d, bias)", "(d, bias) [soft] y = Softmax (z)")
    with pytest.raises(UsageError, match="axis 2 of output 'y' has an entry for each id and may not shrink: Softmax"):
        shortened(text)


def test_output_as_wide_as_embeddings_cannot_be_told_from_a_head():
    text = """g (int64[2,5] ids) => (float[2,5,12] y) <float[12,12] table, float[12,12] a> {
      e = Gather (table, ids) y = MatMul (e, a) }"""
    with pytest.raises(UsageError, match="cannot be told whether they are for the ids"):
        shortened(text)


def test_all_ids_are_no_vocabulary_to_cut():
    with pytest.raises(UsageError, match="keeps all 12 ids"):
        shortened(TIED, range(12))


def test_table_of_bytes_loses_rows():
    text = """g (int64[N,5] ids) => (float[N,5,8] y)
        <uint8[12,6] table, float s = {0.1}, uint8 z = {50}, float[6,8] a> {
      e = Gather (table, ids) d = DequantizeLinear (e, s, z) y = MatMul (d, a) }"""
    given, made = shortened(text)
    wanted, got = outputs(given, made, np.array([[0, 5, 2, 3, 4]]))
    np.testing.assert_array_equal(got, wanted)
    assert constants(made.model)["table"].shape == (6, 6)


def test_fused_embeddings_lose_rows_of_words_alone():
    text = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
        g (int32[2,5] ids, int32[2,5] segment) => (float[2,5,3] y)
        <float[12,8] words, float[5,8] places, float[2,8] kinds, float[8] s, float[8] t, float[8,3] a> {
      e, m = com.microsoft.EmbedLayerNormalization (ids, segment, words, places, kinds, s, t) y = MatMul (e, a) }"""
    given = model(text)
    made = shorten(given, lookups_of(given), KEPT)
    ids, kinds = np.array([[0, 1, 2, 3, 4], [5, 5, 0, 1, 2]], np.int32), np.eye(2, 5, dtype=np.int32)
    wanted = Session(given).run({"ids": np.array(KEPT, np.int32)[ids], "segment": kinds})["y"]
    np.testing.assert_array_equal(Session(made.model).run({"ids": ids, "segment": kinds})["y"], wanted)
    assert constants(made.model)["kinds"].shape == (2, 8)


def test_tokens_in_metadata_follow():
    given = model(TIED)
    given.proto.metadata_props.add(key="tokens", value="\n".join("abcdefghijkl"))
    made = shorten(given, lookups_of(given), KEPT)
    assert made.model.metadata["tokens"] == "b\nd\ne\ni\nj\nl"


def test_original_is_not_changed():
    given = model(PADDED)
    before = given.proto.SerializeToString(deterministic=True)
    made = shorten(given, lookups_of(given), KEPT)
    assert given.proto.SerializeToString(deterministic=True) == before
    onnx.checker.check_model(made.model.proto)
