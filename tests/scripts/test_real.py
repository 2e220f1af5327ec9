"""Real models are judged by code that knows nothing of the package: what its pure parts say."""

from __future__ import annotations

import dataclasses
import textwrap
from pathlib import Path

import numpy as np
import pytest

from scripts.benchmarks.ledger import Ledger
from scripts.benchmarks.real import child, document, drawn, metrics, sets
from scripts.benchmarks.real.__main__ import _jobs
from scripts.benchmarks.real.measure import Job, Judge, Row, command, measured
from scripts.benchmarks.real.packages import unpacked
from scripts.benchmarks.real.registry import SUBJECTS
from scripts.benchmarks.real.subject import Place, RealSet, Subject, UnavailableError, halves, split
from scripts.benchmarks.real.tasks import boxes, faces, files, sentences, sounds, speech, text
from tests.models import parse, save

ROW = Row(
    "magika", 0.25, "parameters", "reconstruction", 0, "same type", 100.0, 80.0, 0.75, 0.8, 0.01, 1.0, 0.9,
    False, "", "[]", 10.0, 500.0, "",
)  # fmt: skip
METHODS = (("reconstruction", 0), ("reconstruction", 128), ("magnitude", 0), ("magnitude", 128))


def test_repeated_symbols_collapse_unless_a_blank_parts_them():
    assert metrics.collapsed([3, 3, 0, 3, 0, 0, 4, 4]) == (3, 3, 4)


def test_order_of_scores_is_that_of_ranks():
    assert metrics.score_order([0.1, 0.2, 0.9], [1, 20, 21]) == pytest.approx(100)
    assert metrics.score_order([0.9, 0.2, 0.1], [1, 20, 21]) == pytest.approx(-100)


def test_a_score_that_is_constant_has_no_order():
    assert metrics.score_order([0.5, 0.5, 0.5], [1, 2, 3]) == 0


def test_similarities_do_not_depend_on_lengths_or_on_a_rotation():
    rng = np.random.default_rng(0)
    rows, (turn, _) = rng.normal(size=(20, 6)), np.linalg.qr(rng.normal(size=(6, 6)))
    assert metrics.similarity_order(list(3 * rows @ turn), list(rows)) == pytest.approx(100)


def test_boxes_count_once_each():
    wanted = np.array([[0, 0, 10, 10]], float)
    twice = np.array([[0, 0, 10, 10], [0, 0, 10, 9]], float)
    assert metrics.boxes_f1([twice], [wanted]) == pytest.approx(200 / 3)


def test_a_box_of_another_class_is_wrong():
    assert metrics.boxes_f1([np.array([[0, 0, 9, 9, 1.0]])], [np.array([[0, 0, 9, 9, 2.0]])]) == 0


def test_no_boxes_where_none_are_wanted_are_right():
    empty = np.zeros((0, 5))
    assert metrics.boxes_f1([empty], [empty]) == 100
    assert metrics.boxes_f1([empty], [np.array([[0, 0, 9, 9, 1.0]])]) == 0


def test_the_strongest_of_boxes_over_one_another_stays():
    crowd = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]], float)
    assert metrics.strongest(crowd, np.array([0.5, 0.9, 0.2])).tolist() == [1, 2]


def test_notes_match_by_pitch_and_by_time():
    wanted = np.array([[10, 60], [50, 64]])
    assert metrics.notes_f1([np.array([[12, 60], [90, 64]])], [wanted]) == 50


def test_cells_of_masks_are_counted_over_all_rows():
    full, half = np.ones((2, 2), bool), np.array([[True, True], [False, False]])
    assert metrics.mask_f1([half], [full]) == pytest.approx(100 * 4 / 6)


def test_halves_share_no_row_and_calibration_is_bounded():
    first, second = halves(1000)
    assert len(first) == 128
    assert len(second) == 500
    assert not set(first.tolist()) & set(second.tolist())


def test_truth_goes_with_the_rows_that_judge():
    real = split({"x": np.arange(10)}, np.arange(10) * 2)
    assert (real.truth == 2 * real.test["x"]).all()


def test_a_real_set_is_kept_with_its_constants(tmp_path):
    real = RealSet({"x": np.ones((2, 3))}, {"x": np.zeros((4, 3))}, {"sr": np.array(16_000)}, np.arange(4))
    subject = dataclasses.replace(SUBJECTS["magika"], real_set=lambda _: real)
    place = Place(tmp_path)
    sets.set_of(subject, place)
    kept = sets.set_of(dataclasses.replace(subject, real_set=lambda _: pytest.fail("made again")), place)
    assert kept.constants["sr"] == 16_000
    assert kept.truth.tolist() == [0, 1, 2, 3]
    assert np.load(sets.calibration_file(subject, place)).files == ["x"]


def test_features_of_a_short_file_are_padded_between_its_ends():
    found = files.features(b"  abc ")
    assert found[:4].tolist() == [97, 98, 99, 32]
    assert found[4] == found[1024] == 256
    assert found[-3:].tolist() == [97, 98, 99]


def test_files_of_many_formats_are_made():
    made = files.made(np.random.default_rng(0))
    assert len({content[:4] for content in made}) > 10


def test_words_are_cut_into_their_longest_known_pieces():
    vocabulary = {piece: k for k, piece in enumerate(["play", "##ing", "##in", "a", "."])}
    assert sentences.tokens("A Playing xyz.", vocabulary) == ["a", "play", "##ing", "[UNK]", "."]


def test_sentences_come_from_documentation():
    found = list(sentences.documented(Path(textwrap.__file__)))
    assert "Fill a single paragraph of text, returning a new string." in found


def test_a_note_is_a_peak_that_is_held():
    onsets, held = np.zeros((40, 2)), np.zeros((40, 2))
    onsets[5, 0], onsets[6, 0], onsets[5, 1] = 0.9, 0.8, 0.9
    held[5:30, 0] = 0.9
    assert sounds.begun(onsets, held).tolist() == [[5, 0]]


def test_a_clip_is_as_loud_as_music():
    clip = sounds.clip(np.random.default_rng(0))
    assert clip.shape == (sounds.N_SAMPLES,)
    assert 0.2 < np.abs(clip).max() <= 0.91


def test_boxes_of_yolox_are_in_pixels():
    rows = np.zeros((1, 3549, 6), np.float32)
    rows[0, 53] = [0.5, 0.5, np.log(2), np.log(4), 1, 0.9]  # second row of cells of 8 pixels, its second cell
    (found,) = boxes.yolox_boxes([rows], {})
    assert found.tolist() == [[4, -4, 20, 28, 0]]


def test_a_line_is_read_without_its_spaces():
    logits = np.zeros((1, 6, 5), np.float32)
    logits[0, range(6), [2, 2, 4, 0, 2, 3]] = 1
    assert text.read([logits], {}) == ["2 2 3"]


def test_a_face_is_right_only_with_its_corners_in_place():
    face, moved = [np.zeros(4), np.zeros(10)], [np.zeros(4), np.full(10, 0.2)]
    assert faces.faces_right([face, moved, [], face], [face, face, [], []]) == 50


def test_what_is_no_face_has_no_places():
    probability = np.array([[0.1, 0.9], [0.9, 0.1]])
    answers = faces.seen([np.zeros((2, 4)), probability], {})
    assert [len(answer) for answer in answers] == [1, 0]


def test_a_square_about_a_box_keeps_its_centre():
    box = faces.square(np.array([10, 10, 20, 40]), np.random.default_rng(0), 0)
    assert box == (0, 10, 30, 40)


def test_boxes_of_yunet_are_in_pixels():
    cells = [(32 // stride) ** 2 for stride in (8, 16, 32)]
    outputs = [np.zeros((1, n, size), np.float32) for size in (1, 1, 4, 10) for n in cells]
    outputs[0][0, 5] = outputs[3][0, 5] = 1
    outputs[6][0, 5] = [0.5, 0.5, 0, np.log(2)]
    (found,) = faces.yunet_boxes(outputs, {"input": np.zeros((1, 3, 32, 32))})
    assert found.tolist() == [[8, 4, 16, 20]]


def test_a_sound_is_like_itself_however_loud_and_unlike_another():
    rng = np.random.default_rng(0)
    time = np.arange(8000) / 22_050
    tone, other = np.sin(2 * np.pi * 440 * time), rng.normal(size=8000)
    rows = [speech.bands(sound) for sound in (tone, 0.5 * tone, other)]
    assert speech.alike([rows[0]], [rows[0]]) == pytest.approx(100)
    assert speech.alike([rows[1]], [rows[0]]) > 90
    assert speech.alike([rows[2]], [rows[0]]) < 50


def test_a_sound_that_ends_early_is_worth_less():
    whole = speech.bands(np.random.default_rng(0).normal(size=8000))
    assert speech.alike([whole[: len(whole) // 2]], [whole]) < 60


def test_the_same_seed_draws_the_same_page():
    pages = [np.asarray(drawn.page(np.random.default_rng(3), 100)) for _ in range(2)]
    assert (pages[0] == pages[1]).all()


def test_a_package_that_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(UnavailableError, match="package no-such-package"):
        unpacked(Place(tmp_path), "no-such-package")


def test_a_child_that_takes_too_long_is_stopped():
    done = child.run("timeit", "-n", "1", "-r", "1", "import time; time.sleep(60)", seconds=0.5, resident_bytes=10**10)
    assert done.stopped.startswith("stopped after")
    assert done.code != 0


def test_a_child_that_takes_too_much_memory_is_stopped():
    done = child.run("timeit", "-n", "1", "-r", "1", "import time; time.sleep(60)", seconds=60, resident_bytes=1000)
    assert done.stopped.startswith("stopped above")


def test_memory_of_what_a_child_starts_counts():
    started = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'x = bytearray(2 * 10**8); x[:] = x'])"
    done = child.run("timeit", "-n", "1", "-r", "1", started, seconds=60, resident_bytes=10**10)
    assert done.peak_bytes > 2 * 10**8


def test_a_ruin_without_a_warning_is_counted():
    rows = [ROW, dataclasses.replace(ROW, target=0.5, warned=True), dataclasses.replace(ROW, by="macs", pruned=99.5)]
    assert "3 results; 2 ruined, 1 of them without a warning; 1 good, 0 of them with one" in document.summary(rows)


def test_five_per_cent_of_a_low_score_is_a_ruin():
    assert dataclasses.replace(ROW, original=40, pruned=37.5).ruined
    assert not dataclasses.replace(ROW, original=100, pruned=95.5).ruined


def test_what_was_not_written_is_neither_good_nor_ruined():
    row = dataclasses.replace(ROW, pruned=None, message="no rule")
    assert not row.good
    assert not row.ruined
    assert "- magika, 25% of parameters, reconstruction: no rule" in document.markdown([row], {})


def test_overview_has_a_line_for_each_model_and_a_column_for_whatever_was_asked():
    rows = [
        ROW,
        dataclasses.replace(ROW, method="magnitude", pruned=40.0),
        dataclasses.replace(ROW, n_data=128, pruned=95.0),
        dataclasses.replace(ROW, model="yunet", by="macs", pruned=None),
    ]
    head, _, *lines = document.overview(rows).splitlines()
    assert head == "| model | original | 25% of parameters | 25% of parameters, 128 inputs | 25% of macs |"
    assert lines == ["| magika | 100.0 | 80.0 (40.0) | 95.0 |  |", "| yunet | 100.0 |  |  |  |"]


def test_rows_survive_the_csv_file(tmp_path):
    def ledger():
        return Ledger(tmp_path / "rows.csv", Row, lambda row: row.job)

    row = dataclasses.replace(ROW, said_error=None, warnings='a, "b"', warned=True)
    ledger().add(row)
    assert ledger().rows == [row]


def test_calibration_is_given_only_where_it_is_asked_for(tmp_path):
    judge = _judge(tmp_path)
    words = [command(Job("tiny", 0.25, "parameters", "reconstruction", n), judge, tmp_path / "o") for n in (0, 128)]
    assert "--calibration" not in words[0]
    assert words[1][-1] == str(judge.calibration)


@pytest.mark.slow
def test_a_small_model_is_pruned_and_judged(tmp_path):
    row = measured(Job("tiny", 0.25, "parameters", "magnitude", 0), _judge(tmp_path))
    assert row.message == ""
    assert row.original == 100
    assert 0 <= row.pruned <= 100
    assert row.parameters_left < 0.8
    assert row.cpu_seconds > 0
    assert row.peak_mb > 10


def _judge(folder):
    path = save(
        parse("g (float[N,8] x) => (float[N,4] y) <float[32,8] w, float[4,32] v> "
              "{ a = Gemm <transB = 1> (x, w) b = Relu (a) y = Gemm <transB = 1> (b, v) }"),
        folder / "tiny.onnx",
    )  # fmt: skip
    rows = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    subject = Subject(
        "tiny", "same class", lambda _: path, lambda _: split({"x": rows}), text.first_choice, metrics.same_share
    )
    return Judge(subject, Place(folder))


def test_what_is_asked_for_is_measured_once_unless_it_is_to_be_measured_anew():
    ledger = Ledger(None, Row, lambda row: row.job)
    ledger.add(ROW)
    settings = [(target, "parameters", method, n_data) for target in (0.1, 0.25) for method, n_data in METHODS]
    missing = [(job.target, job.method, job.n_data) for job in _jobs("magika", settings, ledger, fresh=False)]
    assert missing == [
        (0.1, "reconstruction", 0),
        (0.1, "reconstruction", 128),
        (0.1, "magnitude", 0),
        (0.25, "reconstruction", 128),
        (0.25, "magnitude", 0),
    ]
    assert len(list(_jobs("magika", settings, ledger, fresh=True))) == 6
