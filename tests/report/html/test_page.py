"""The page of a report: complete, closed, needs nothing else, says what happened."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paoding_onnx import Options, prune
from paoding_onnx.cli import main
from paoding_onnx.dependency.trace import Refusal
from paoding_onnx.evaluation.measured import OperatorTime
from paoding_onnx.report.documents.prune import plan_of_result
from paoding_onnx.report.html import page as page_of
from paoding_onnx.report.html.facts import rows_of, verdict_of
from paoding_onnx.report.html.page import MOST_BYTES, MOST_ROWS, ROWS_OF_A_MAP, html_page
from paoding_onnx.verification.verdict import Verdict
from tests.models import parse, save
from tests.page import Reader
from tests.pruning import MLP, skip_latency
from tests.report.runs import EVIL, looked_at, renamed, with_run, with_steps
from tests.residuals import BLOCKS
from tests.tokens import KEPT, UNTIED

pytestmark = pytest.mark.slow


def section(page, name):
    """The section with an id."""
    return page.partition(f'<section id="{name}"')[2].partition("</section>")[0]


def test_page_is_closed_as_it_was_opened(result, large):
    for case in (
        result,
        looked_at(result),
        large,
        renamed(result, EVIL),
        with_steps(result, accuracy=0.5),
    ):
        assert Reader(html_page(case)).faults == []


def test_reader_notices_what_is_not_closed():
    assert Reader("<p><b>x</p>").faults != []
    assert Reader("<div/>").faults != []
    assert Reader("<p>").faults != []


def test_page_asks_for_nothing_else(result):
    page = html_page(looked_at(result))
    reader = Reader(page)
    assert [link for link in reader.values("href") if not link.startswith(("#", "data:"))] == []
    assert reader.values("src") + reader.values("srcset") + reader.values("style") == []
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg\")", page)
    assert "default-src 'none'" in reader.values("content")[-1]


def test_links_within_the_page_lead_somewhere(result):
    for case in (result, looked_at(result)):
        reader = Reader(html_page(case))
        ids = reader.ids()
        assert sorted(ids) == sorted(set(ids))
        within = [link[1:] for link in reader.values("href") if link.startswith("#")]
        named = [*within, *reader.values("aria-labelledby"), *reader.values("for")]
        assert set(named) - set(ids) == set()


def test_policy_allows_the_one_script_that_is_there(result):
    page = html_page(result)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def plain(texts):
    """The texts with the signs that every keyboard has."""
    signs = {"\N{MINUS SIGN}": "-", "\N{MULTIPLICATION SIGN}": "x", "\N{RIGHTWARDS ARROW}": "->"}
    return [text.translate(str.maketrans(signs)) for text in texts]


def test_every_group_is_a_row(result):
    rows = [text for text in plain(Reader(html_page(result)).texts("tr")) if "->" in text]
    assert rows == [
        "1 MatMul_0 Units 16 -> 8 Parameters 336 -> 120 -64% MACs 320 -> 112 -65%",
        "2 Gemm_3 Units 12 -> 6 Parameters 252 -> 78 -69% MACs 240 -> 72 -70%",
    ]


def test_of_many_groups_those_that_carry_most_are_shown_in_order(result, large):
    assert [row.name for row in rows_of(result, 1)] == ["MatMul_0"]
    assert len(large.trace.groups) > MOST_ROWS
    page = html_page(large)
    assert f"Shown are the {MOST_ROWS} groups that carry most" in page
    assert f"Shown are the first {MOST_ROWS} groups" in page
    assert section(page, "groups").count("<tr") == MOST_ROWS + 1


def test_page_of_a_large_model_stays_under_its_limit(large):
    refusals = tuple(Refusal("Conv", f"{'node/' * 50}{k}", "weight", 1, f"{'reason ' * 50}{k}") for k in range(2000))
    page = html_page(replace(large, trace=replace(large.trace, refusals=refusals)))
    assert MOST_BYTES // 4 < len(page.encode()) <= MOST_BYTES


def test_names_are_escaped_everywhere(result):
    evil = looked_at(renamed(result, EVIL))
    original = replace(evil.original, files=(Path(EVIL.replace("/", "")),))
    page = html_page(replace(evil, original=original, proofs=(Verdict(EVIL, True, EVIL),)))
    assert "alert('1')" not in page
    assert page.count("<script>") == 1
    reader = Reader(page)
    assert reader.faults == []
    assert EVIL in reader.texts("h3")
    assert any(EVIL in text for text in reader.texts("tr"))
    assert EVIL in reader.texts("title")


def test_failed_proof_is_not_called_proven(result):
    failed = replace(result, proofs=(*result.proofs, Verdict("cost as predicted", False, "other numbers")))
    assert "NOT all proofs hold" in verdict_of(failed, "m")
    assert 'aria-label="fails"' in section(html_page(failed), "proofs")
    assert 'aria-label="fails"' not in html_page(result)


def test_cards_say_before_and_after(result):
    before, after = replace(result.sizes.before, file_bytes=2000), replace(result.sizes.after, file_bytes=1000)
    reader = Reader(html_page(replace(result, sizes=replace(result.sizes, before=before, after=after))))
    cards = [text for text in plain(reader.texts("li")) if text.startswith(("Param", "MACs", "File", "Latency"))]
    assert cards == [
        "Parameters 154 -61.5% from 400",
        "MACs 136 -63.0% from 368",
        "File 1.00 kB -50.0% from 2.00 kB",
        "Latency 0.50 x -50.0% ± 1%: 2 -> 1 ms",
    ]


def test_warnings_are_seen_first(result):
    turned = replace(result.measured.changes[0], same=0.25)
    noted = with_run(result, notes=("it was hard",))
    poor = replace(noted, measured=replace(result.measured, changes=(turned,)))
    page = html_page(poor)
    lead = page.partition('class="lead"')[2].partition("</section>")[0]
    assert "it was hard" in lead
    assert "the same on 25% of inputs: expect it to be much worse" in lead


def test_curve_of_the_size_is_drawn_from_the_steps(result):
    steps = section(html_page(result), "steps")
    assert steps.count("<svg") == 1
    assert ">parameters</tspan>" in steps
    assert ">38%</tspan>" in steps
    rows = Reader(html_page(result)).texts("tr")
    assert f"50% {result.sizes.after.parameters} {result.sizes.after.macs}" in rows


def test_nothing_is_drawn_of_a_single_step(result):
    page = html_page(with_run(result, steps=result.run.steps[-1:]))
    assert 'id="steps"' not in page
    assert 'href="#steps"' not in page


def drawn(page):
    """The titles of what is drawn, but for the chain of groups."""
    return [title for title in Reader(page).texts("figcaption") if "from the input to the output" not in title]


def test_what_was_measured_after_each_step_is_drawn_and_nothing_else(result):
    page = html_page(with_steps(result, accuracy=0.75))
    assert drawn(page) == ["Size left", "Accuracy"]
    assert ">75.0%</tspan>" in page
    assert [row for row in Reader(page).texts("tr") if row.endswith(" 75.0%")] != []
    assert drawn(html_page(with_steps(result, accuracy=None))) == ["Size left"]


def test_accuracy_is_drawn_against_size_beside_that_of_the_original(result):
    assert 'id="trade"' not in html_page(result)
    known = replace(result.measured, accuracy_before=0.9, accuracy_after=0.8)
    page = html_page(replace(with_steps(result, accuracy=0.85), measured=known))
    assert ">original 0.900<" in section(page, "trade")
    assert ">chosen 0.800<" in section(page, "trade")
    assert drawn(page) == ["Size left"]


def test_verdict_comes_first_with_the_command_for_the_next_step(result):
    lead = html_page(result).partition('class="lead"')[2].partition("</section>")[0]
    kept = replace(result.measured.changes[0], same=1.0, variety=0.5, typical=0.0)
    good = replace(result.measured, changes=(kept,), astray=(), n_inputs=64)
    assert ">test first<" in lead or ">do not use<" in lead
    assert ">use it<" in html_page(replace(result, measured=good))
    assert "paoding_onnx" in Reader(lead).texts("code")[0]


def test_groups_are_a_chain_from_the_input_to_the_output(result):
    page = html_page(result)
    assert "MatMul_0: 16 → 8" in page
    assert Reader(page).texts("figcaption")[0].startswith("2 groups of units from the input to the output")


def test_group_whose_neighbours_shrank_says_so(result):
    kept = replace(result.plan, removed=result.plan.removed & (np.arange(28) >= 16))
    page = html_page(replace(result, plan=kept))
    assert section(page, "groups").count("its neighbours shrank") == 1
    assert "its neighbours shrank" not in html_page(result)


def test_time_is_told_by_operator_with_its_circumstances(result):
    assert 'id="time"' not in html_page(result)
    times = tuple(OperatorTime(f"op{k}", 2.0 / (k + 1), 1.0 / (k + 1)) for k in range(12))
    latency = replace(result.measured.latency, operators=times)
    page = section(html_page(replace(result, measured=replace(result.measured, latency=latency))), "time")
    rows = Reader(page).texts("tr")
    assert rows[1] == "op0 2 ms 1 ms"
    assert rows[-1].startswith("all others ")
    assert len(rows) == 1 + 8 + 1
    assert "± 1% with 95 % confidence; on 1 processor of" in page


def test_heat_map_is_drawn_if_sensitivity_was_measured(result):
    page = html_page(looked_at(result))
    assert section(page, "sensitivity").count('class="hm"') == 1
    assert 'id="sensitivity"' not in html_page(result)


def test_long_heat_maps_are_in_parts_that_fit_on_paper(large):
    sensitivity = section(html_page(large), "sensitivity")
    assert sensitivity.count('class="hm"') == MOST_ROWS / ROWS_OF_A_MAP
    assert sensitivity.count(">negligible &lt;1%<") == 1


def test_fitted_layers_and_inputs_are_named(result):
    proofs = section(html_page(looked_at(result)), "proofs")
    assert "64 inputs: images, in [0, 1]" in proofs
    assert '<th scope="row">MatMul_5</th><td>0.25</td><td>0.0625</td>' in proofs
    assert "which looks at weights alone" in section(html_page(result), "proofs")


def test_refusals_stand_under_their_reasons(result):
    a, b = "graph output 'y'", "no rule"
    refusals = (Refusal("Gemm", "n1", "w", 1, a), Refusal("Scan", "n2", "", -1, b), Refusal("Gemm", "n3", "v", 0, a))
    page = html_page(replace(result, trace=replace(result.trace, refusals=refusals)))
    reader = Reader(section(page, "left"))
    assert reader.texts("h3") == [a, b]
    places = [text for text in reader.texts("li") if not text.startswith((a, b))]
    assert places == ["Gemm n1: w axis 1", "Gemm n3: v axis 0", "Scan n2: the whole node"]
    assert 'id="left"' not in html_page(replace(result, trace=replace(result.trace, refusals=())))


def attached(page, kind):
    """The content of the only link of this kind that holds what it leads to."""
    (address,) = [link for link in Reader(page).values("href") if link.startswith(f"data:{kind};base64,")]
    return base64.b64decode(address.partition(",")[2])


def test_plan_can_be_downloaded(result):
    page = html_page(result)
    assert json.loads(attached(page, "application/json")) == json.loads(json.dumps(plan_of_result(result)))
    assert Reader(page).values("download") == ["plan.json"]


def test_long_plan_is_packed(result, monkeypatch):
    monkeypatch.setattr(page_of, "LONG_PLAN", 100)
    page = html_page(result)
    plan = json.loads(gzip.decompress(attached(page, "application/gzip")))
    assert plan == json.loads(json.dumps(plan_of_result(result)))
    assert Reader(page).values("download") == ["plan.json.gz"]


def test_plan_for_which_there_is_no_room_is_left_out(result, monkeypatch):
    monkeypatch.setattr(page_of, "MOST_BYTES", 1000)
    page = html_page(result)
    assert Reader(page).values("download") == []
    assert "The plan is too long for this page" in page


def test_same_result_gives_the_same_page(result):
    assert html_page(looked_at(result)) == html_page(looked_at(result))


def test_groups_can_be_sorted_and_found_by_keyboard(result):
    reader = Reader(section(html_page(result), "groups"))
    heads = [given for tag, given in reader.tags if tag == "th" and given.get("role") == "columnheader"]
    assert len(heads) == 5
    assert [given.get("aria-sort") for given in heads] == ["ascending", None, None, None, None]
    assert [tag for tag, _ in reader.tags].count("button") == 5
    assert reader.texts("label") == ["Find a group"]


def test_command_line_writes_a_page_if_the_report_is_to_be_one(monkeypatch, tmp_path, capsys):
    skip_latency(monkeypatch)
    monkeypatch.chdir(tmp_path)
    save(parse(MLP), Path("m.onnx"))
    argv = ["prune", "m.onnx", "-o", "small.onnx", "--method", "magnitude", "--report"]
    assert main([*argv, "out.HTML"]) == 0
    page = Path("out.HTML").read_text("utf-8")
    assert Reader(page).faults == []
    for name in ("m.onnx", "small.onnx"):
        assert hashlib.sha256(Path(name).read_bytes()).hexdigest() in page
    assert "paoding_onnx prune m.onnx -o small.onnx --target 0.5 --method magnitude" in Reader(page).texts("code")
    assert main([*argv, "out.json", "--force"]) == 0
    assert json.loads(Path("out.json").read_text())["sizes"]["before"]["parameters"] == 400
    assert str(tmp_path) not in page
    capsys.readouterr()


def test_blocks_that_went_whole_are_listed(tmp_path):
    save(parse(BLOCKS), tmp_path / "m.onnx")
    result = prune(tmp_path / "m.onnx", options=Options(depth=1, target=0.0, latency=False))
    page = html_page(result)
    assert Reader(page).faults == []
    (name,) = result.depth.sums
    assert Reader(section(page, "blocks")).texts("th")[2:] == [name]
    assert "1 residual branch is gone, with all that served it alone" in section(page, "blocks")
    assert "No unit was chosen" in section(page, "proofs")


def test_smaller_vocabulary_is_told_with_what_callers_have_to_know(tmp_path):
    save(parse(UNTIED), tmp_path / "m.onnx")
    (tmp_path / "keep.txt").write_text("\n".join(map(str, KEPT)))
    options = Options(vocabulary=tmp_path / "keep.txt", target=0.0, latency=False, effort="fast")
    result = prune(tmp_path / "m.onnx", options=options)
    page = html_page(result)
    assert Reader(page).faults == []
    assert f"{len(KEPT)} of {result.vocabulary.ids.size} ids stay" in section(page, "vocabulary")
    assert f"takes ids below {len(KEPT)}" in section(page, "vocabulary")


def test_whole_models_have_neither_section(result):
    assert section(html_page(result), "blocks") == section(html_page(result), "vocabulary") == ""
