"""What the comparison lets expect: the worst sign counts, and inputs that look alike say nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.evaluation.answers import OutputChange
from paoding_onnx.evaluation.kinds import Kind
from paoding_onnx.evaluation.measured import Kept, Measured
from paoding_onnx.evaluation.outlook import Outlook, judge

SAME = OutputChange("y", Kind.CLASSES, typical=0.0, worst=0.0, same=1.0, order=None, variety=0.7)
BOXES = OutputChange("y", Kind.VALUES, typical=0.0, worst=0.0, same=None, order=None, variety=0.7)


def outlook(*changes, n_inputs=64, is_synthetic=True):
    found = Measured(None, 0.0, None, "some", n_inputs, is_synthetic=is_synthetic, changes=changes)
    return judge(found).outlook


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (SAME, Outlook.GOOD),
        (replace(SAME, same=0.93), Outlook.TEST),
        (replace(SAME, same=0.5), Outlook.BAD),
        (replace(BOXES, typical=0.03), Outlook.TEST),
        (replace(BOXES, worst=3.0), Outlook.BAD),
        (replace(BOXES, kind=Kind.EMBEDDING, order=0.5), Outlook.BAD),
        (replace(SAME, typical=0.05), Outlook.GOOD),
        (replace(SAME, typical=0.2), Outlook.TEST),
        (replace(SAME, brought=0.2), Outlook.GOOD),
        (replace(SAME, typical=0.003, brought=0.2), Outlook.UNKNOWN),
        (replace(SAME, typical=0.2, brought=0.2), Outlook.TEST),
        (replace(SAME, same=0.5, brought=0.2), Outlook.BAD),
        (replace(SAME, variety=0.0), Outlook.UNKNOWN),
        (replace(SAME, variety=0.0, same=0.2), Outlook.BAD),
        (replace(BOXES, kind=Kind.SCORE, typical=0.02, order=0.985), Outlook.TEST),
        (replace(BOXES, kind=Kind.CHANCE, typical=0.02, order=0.985), Outlook.GOOD),
        (replace(BOXES, kind=Kind.CHANCE, typical=0.02, order=0.97), Outlook.TEST),
        (replace(BOXES, kind=Kind.CHANCE, typical=0.2, order=0.985), Outlook.BAD),
        (replace(SAME, kind=Kind.SEQUENCE, same=0.5, sure=0.4), Outlook.TEST),
        (replace(SAME, kind=Kind.SEQUENCE, same=0.5, sure=0.9), Outlook.BAD),
        (replace(SAME, kind=Kind.SEQUENCE, same=0.2, sure=0.0), Outlook.BAD),
    ],
)
def test_outlook_follows_the_worst_sign(change, wanted):
    assert outlook(change) is wanted


def test_worst_output_decides():
    assert outlook(SAME, replace(BOXES, worst=3.0)) is Outlook.BAD


def test_whole_numbers_decide_only_where_there_is_nothing_else():
    counts = replace(SAME, kind=Kind.WHOLE_NUMBERS, same=0.2)
    assert outlook(SAME, counts) is Outlook.GOOD
    assert outlook(counts) is Outlook.BAD


def test_few_inputs_cannot_speak_for_answers_and_can_against_them():
    assert outlook(SAME, n_inputs=8) is Outlook.UNKNOWN
    assert outlook(replace(SAME, same=0.5), n_inputs=8) is Outlook.BAD
    assert outlook(BOXES, n_inputs=8) is Outlook.GOOD


def test_output_that_has_other_sizes_is_to_be_tested():
    found = judge(Measured(None, 0.0, None, "some", 64, changes=(SAME,), apart=("boxes",)))
    assert (found.outlook, found.reason) == (Outlook.TEST, "output 'boxes' has other sizes than before")


def test_outputs_that_cannot_be_compared_leave_it_open():
    assert outlook() is Outlook.UNKNOWN


def test_reason_names_the_output_and_the_figure():
    found = judge(Measured(None, 0.0, None, "some", 64, changes=(replace(SAME, same=0.5),)))
    assert found.reason == "top-1 of 'y' the same on 50% of inputs"


def test_output_that_is_the_same_for_all_inputs_tells_nothing_alone_and_harms_nothing_beside_others():
    constant = replace(BOXES, output="anchors", variety=0.0)
    assert outlook(constant) is Outlook.UNKNOWN
    assert outlook(constant, BOXES) is Outlook.GOOD


def test_tags_are_said_to_be_of_tokens():
    tags = replace(SAME, kind=Kind.TAGS, same=0.95)
    found = judge(Measured(None, 0.0, None, "some", 64, changes=(tags,)))
    assert (found.outlook, found.reason) == (Outlook.TEST, "class of 'y' the same on 95% of tokens that tell")


def test_one_answer_to_all_inputs_is_judged_by_how_sure_it_is():
    alike = replace(SAME, variety=0.0, spread=0.09)
    assert outlook(replace(alike, typical=0.0006, worst=0.0008)) is Outlook.GOOD
    assert outlook(replace(alike, typical=0.04, worst=0.05)) is Outlook.GOOD
    assert outlook(replace(alike, typical=0.08, worst=0.08)) is Outlook.TEST
    assert outlook(replace(alike, typical=0.5, worst=0.5)) is Outlook.BAD
    assert outlook(replace(alike, same=0.5)) is Outlook.BAD
    assert outlook(replace(alike, spread=0.01)) is Outlook.UNKNOWN


def test_real_inputs_show_what_changed_however_few_classes_they_have_or_however_alike_they_are():
    """Numbers of a detector differ from place to place, and hardly from picture to picture."""

    def of_real(change):
        return judge(Measured(None, 0.0, None, "some", 25, is_synthetic=False, changes=(change,))).outlook

    assert of_real(replace(SAME, typical=0.3, brought=0.2)) is Outlook.GOOD
    assert of_real(replace(SAME, typical=0.6)) is Outlook.TEST
    assert of_real(replace(BOXES, typical=0.016, variety=0.08)) is Outlook.GOOD
    assert of_real(replace(BOXES, typical=0.15, variety=0.08)) is Outlook.TEST
    assert of_real(replace(SAME, variety=0.0)) is Outlook.UNKNOWN
    unsafe = replace(SAME, variety=0.0, spread=0.07)  # a score of pictures, all of which are safe
    assert of_real(replace(unsafe, typical=0.018, worst=0.018)) is Outlook.GOOD
    assert of_real(replace(unsafe, typical=0.07, worst=0.07)) is Outlook.TEST


def test_states_decide_only_where_there_is_nothing_else():
    state = replace(BOXES, kind=Kind.STATE, worst=3.0)
    assert outlook(SAME, state) is Outlook.GOOD
    assert outlook(state) is Outlook.BAD


def test_inputs_that_look_alike_tell_something_where_their_small_differences_were_kept():
    alike = replace(BOXES, variety=0.01)
    assert outlook(replace(alike, typical=0.0005, worst=0.005)) is Outlook.GOOD
    assert outlook(replace(alike, typical=0.005, worst=0.005)) is Outlook.UNKNOWN
    assert outlook(replace(alike, typical=0.0005, worst=0.05)) is Outlook.UNKNOWN
    assert outlook(replace(alike, typical=0.5)) is Outlook.BAD


@pytest.mark.parametrize(
    ("seen", "possible", "wanted"),
    [
        (0.0, 0.02, Outlook.GOOD),
        (-0.01, 0.03, Outlook.GOOD),
        (0.0, 0.05, Outlook.TEST),
        (0.08, 0.2, Outlook.TEST),
        (0.2, 0.3, Outlook.BAD),
    ],
)
def test_labelled_samples_decide_alone(seen, possible, wanted):
    for change in (SAME, replace(SAME, same=0.1), replace(SAME, variety=0.0)):
        drop = Kept("drop of accuracy", seen, possible, True)
        found = judge(Measured(None, 0.0, None, "some", 64, changes=(change,), drop=drop))
        assert found.outlook is wanted
        assert ("on labelled samples" in found.reason) == (wanted is not Outlook.GOOD)


def test_few_real_inputs_are_enough_where_not_even_the_numbers_changed():
    for typical, worst, wanted in (
        (0.0005, 0.005, Outlook.GOOD),
        (0.005, 0.005, Outlook.UNKNOWN),
        (0.0005, 0.05, Outlook.UNKNOWN),
    ):
        change = replace(SAME, typical=typical, worst=worst)
        assert outlook(change, n_inputs=8, is_synthetic=False) is wanted
        assert outlook(change, n_inputs=8) is Outlook.UNKNOWN
    assert outlook(replace(SAME, variety=0.0), n_inputs=8, is_synthetic=False) is Outlook.UNKNOWN


@pytest.mark.parametrize(
    ("typical", "worst", "wanted"),
    [(0.05, 0.08, Outlook.GOOD), (0.16, 0.2, Outlook.TEST), (0.05, 0.2, Outlook.TEST), (0.4, 0.5, Outlook.BAD)],
)
def test_real_inputs_show_the_harm_as_it_is(typical, worst, wanted):
    change = replace(BOXES, typical=typical, worst=worst)
    assert outlook(change, is_synthetic=False) is wanted
    assert outlook(change) is not Outlook.GOOD


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (SAME, Outlook.GOOD),
        (replace(SAME, same=0.8), Outlook.TEST),
        (replace(BOXES, typical=0.02), Outlook.GOOD),
        (replace(BOXES, typical=0.2), Outlook.TEST),
        (replace(BOXES, kind=Kind.STATE, typical=0.2), Outlook.GOOD),
    ],
)
def test_model_that_is_lost_on_noise_is_to_be_tested_where_inputs_were_guessed(change, wanted):
    found = judge(Measured(None, 0.0, None, "some", 64, changes=(SAME,), astray=(change,)))
    assert found.outlook is wanted
    assert ("guessed" in found.reason) is (wanted is Outlook.TEST)


def test_what_is_worse_on_the_inputs_themselves_is_said_first():
    bad = replace(SAME, same=0.5)
    assert judge(Measured(None, 0.0, None, "some", 64, changes=(bad,), astray=(bad,))).outlook is Outlook.BAD
