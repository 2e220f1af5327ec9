"""The commands: each turns arguments into one library call and prints what comes back."""

from __future__ import annotations

import time
from argparse import Namespace

from paoding_onnx.api import Documents, apply, explain, inspect, profile, prune, sensitivity, synthesize
from paoding_onnx.calibration.assumptions import assumed_inputs
from paoding_onnx.cli.options import attack_of, evaluate_options_of, known_inputs_of, options_of
from paoding_onnx.cli.output import circumstances, progress_bar, show
from paoding_onnx.cli.stopping import ignore_signals
from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.drop import require_kept
from paoding_onnx.evaluation.evaluate import evaluate
from paoding_onnx.model.load import load
from paoding_onnx.model.provenance import provenance_of
from paoding_onnx.model.save import write_text
from paoding_onnx.model.stage import stage
from paoding_onnx.model.targets import check_targets
from paoding_onnx.report.charts import heat_map
from paoding_onnx.report.documents.attack import attack_document
from paoding_onnx.report.documents.check import check_document
from paoding_onnx.report.documents.evaluate import evaluate_document
from paoding_onnx.report.documents.inspect import explain_document, inspect_document
from paoding_onnx.report.documents.operators import operators_document
from paoding_onnx.report.documents.profile import profile_document
from paoding_onnx.report.documents.prune import prune_document
from paoding_onnx.report.documents.sensitivity import sensitivity_document
from paoding_onnx.report.documents.synthesize import synthesize_document
from paoding_onnx.report.evaluation import evaluate_lines
from paoding_onnx.report.inspection import explain_lines, inspect_lines
from paoding_onnx.report.operators import operators_lines
from paoding_onnx.report.provenance import provenance_lines
from paoding_onnx.report.pruning import check_lines, prune_lines, sensitivity_lines
from paoding_onnx.report.robustness import attack_lines
from paoding_onnx.report.save import save
from paoding_onnx.report.synthesis import synthesize_lines
from paoding_onnx.report.timing import profile_lines
from paoding_onnx.robustness.evaluate import attack
from paoding_onnx.sweep.engine import executor
from paoding_onnx.sweep.grid import Grid, read_labels, source_of, tasks_of
from paoding_onnx.sweep.run import sweep
from paoding_onnx.sweep.said import sweep_document, sweep_lines
from paoding_onnx.sweep.timing import with_tables
from paoding_onnx.verification.check import check


def run(arguments: Namespace) -> int:
    """Run the command that `arguments` names; returns the exit status."""
    arguments.started = time.perf_counter()
    saved = [] if arguments.save_config is None else [arguments.save_config]
    check_targets(saved, (), force=getattr(arguments, "force", False))
    status = _COMMANDS[arguments.command](arguments)
    if status == 0 and saved:
        with stage() as held:
            write_text(arguments.as_config, held.place(*saved))
            held.commit(*saved)
    return status


def _inspect(arguments: Namespace) -> int:
    model = load(arguments.model)
    options = options_of(arguments)
    trace, made = inspect(model, options), provenance_of(model)
    assumed = assumed_inputs(model, trace.graph, options.inputs)
    lines = inspect_lines(arguments.model.name, trace, assumed, verbose=arguments.verbose)
    show(
        arguments,
        lambda: inspect_document(trace, arguments.model, made, assumed),
        (*lines, *provenance_lines(made)),
    )
    return 0


def _explain(arguments: Namespace) -> int:
    axes = explain(arguments.model, arguments.name, options_of(arguments))
    show(arguments, lambda: explain_document(axes), explain_lines(axes))
    return 0


def _prune(arguments: Namespace) -> int:
    if arguments.output is None and not arguments.dry_run:
        raise UsageError("no output: give -o OUT, or --dry-run to write nothing")
    output, documents = (None, None) if arguments.dry_run else (arguments.output, _documents(arguments))
    options, force = options_of(arguments), arguments.force
    with progress_bar(arguments) as progress:
        result = prune(arguments.model, output, options, documents=documents, force=force, progress=progress)
    show(arguments, lambda: prune_document(result), prune_lines(result, verbose=arguments.verbose))
    return 0


def _apply(arguments: Namespace) -> int:
    if arguments.output is None and not arguments.dry_run:
        raise UsageError("no output: give -o OUT, or --dry-run to write nothing")
    output = None if arguments.dry_run else arguments.output
    options, force = options_of(arguments), arguments.force
    with progress_bar(arguments) as progress:
        result = apply(arguments.plan, arguments.model, output, options, force=force, progress=progress)
    show(arguments, lambda: prune_document(result), prune_lines(result, verbose=arguments.verbose))
    return 0


def _documents(arguments: Namespace) -> Documents:
    documents = Documents()
    if arguments.plan is not None:
        documents["plan"] = arguments.plan
    if arguments.report is not None:
        documents["report"] = arguments.report
    return documents


def _check(arguments: Namespace) -> int:
    known = known_inputs_of(arguments)
    original, pruned, plan = arguments.original, arguments.pruned, arguments.plan
    result = check(original, pruned, plan=plan, input_shapes=known.shapes, input_values=known.values)
    show(arguments, lambda: circumstances(arguments, check_document(result)), check_lines(result))
    return 0 if all(proof.passed for proof in result.proofs) else 1


def _sensitivity(arguments: Namespace) -> int:
    if arguments.plot is not None and arguments.plot.suffix.lower() not in ("", ".svg"):
        raise UsageError(f"a heat map is SVG, not {arguments.plot.suffix}: {arguments.plot}")
    model, plots = load(arguments.model), [] if arguments.plot is None else [arguments.plot]
    read = [] if arguments.calibration is None else [arguments.calibration]
    check_targets(plots, model.files, force=arguments.force, others=read)
    with progress_bar(arguments) as progress:
        curves = sensitivity(model, options_of(arguments), progress=progress)
    if arguments.plot is not None:
        with stage() as held:
            write_text(heat_map(curves) + "\n", held.place(arguments.plot))
            ignore_signals()
            held.commit(arguments.plot)
    lines = sensitivity_lines(curves, verbose=arguments.verbose)
    show(arguments, lambda: circumstances(arguments, sensitivity_document(curves, arguments.model)), lines)
    return 0


def _profile(arguments: Namespace) -> int:
    output, model = arguments.output, load(arguments.model)
    check_targets([output], model.files, force=arguments.force)
    with progress_bar(arguments) as progress:
        table = profile(model, options_of(arguments), progress=progress)
    ignore_signals()
    save(table, output, force=arguments.force)
    show(
        arguments,
        lambda: circumstances(arguments, profile_document(table, arguments.model, output)),
        profile_lines(table, output),
    )
    return 0


def _synthesize(arguments: Namespace) -> int:
    output, model = arguments.output, load(arguments.model)
    check_targets([output], model.files, force=arguments.force)
    with progress_bar(arguments) as progress:
        inputs = synthesize(model, options_of(arguments), n_samples=arguments.n_samples, progress=progress)
    ignore_signals()
    save(inputs, output, force=arguments.force)
    show(
        arguments,
        lambda: circumstances(arguments, synthesize_document(inputs, arguments.model, output)),
        synthesize_lines(inputs, output),
    )
    return 0


def _evaluate(arguments: Namespace) -> int:
    model, data, against = arguments.model, arguments.data, arguments.against
    if arguments.max_drop is not None and against is None:
        raise UsageError("--max-drop is measured against the original: give --against ORIGINAL")
    with progress_bar(arguments) as progress:
        found = evaluate(model, data, against=against, options=evaluate_options_of(arguments), progress=progress)
    lines = evaluate_lines(model.name, found, verbose=arguments.verbose)
    show(arguments, lambda: circumstances(arguments, evaluate_document(found, model, against, data)), lines)
    if arguments.max_drop is not None:
        require_kept(found, arguments.max_drop)
    return 0


def _attack(arguments: Namespace) -> int:
    options, how = evaluate_options_of(arguments), attack_of(arguments)
    model, data, against = arguments.model, arguments.data, arguments.against
    with progress_bar(arguments) as progress:
        found = attack(model, data, how, options=options, progress=progress)
        original = None if against is None else attack(against, data, how, options=options, progress=progress)
    lines = attack_lines(model.name, found, original)
    show(arguments, lambda: circumstances(arguments, attack_document(found, model, original, against, data)), lines)
    return 0


def _sweep(arguments: Namespace) -> int:
    labelled = read_labels(arguments.eval_map)
    grid = Grid(arguments.target, arguments.by, arguments.method, arguments.effort, arguments.options)
    sources = [source_of(path, labelled.get(path.name)) for path in arguments.models]
    with progress_bar(arguments) as progress, executor(arguments.jobs, arguments.scheduler) as engine:
        if grid.by == "latency":
            sources = list(with_tables(sources, arguments.output, grid.options, progress))
        tasks = tasks_of(sources, grid)
        rows = sweep(tasks, arguments.output, engine, progress)
    show(arguments, lambda: circumstances(arguments, sweep_document(rows)), sweep_lines(rows, arguments.output))
    return 0


def _operators(arguments: Namespace) -> int:
    show(arguments, operators_document, operators_lines(markdown=arguments.markdown))
    return 0


_COMMANDS = {
    "inspect": _inspect,
    "explain": _explain,
    "prune": _prune,
    "apply": _apply,
    "check": _check,
    "sensitivity": _sensitivity,
    "profile": _profile,
    "synthesize": _synthesize,
    "evaluate": _evaluate,
    "attack": _attack,
    "sweep": _sweep,
    "operators": _operators,
}
