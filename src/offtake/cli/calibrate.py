"""`offtake calibrate`: fits the throughput model to measurements, for an instance to name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import exits, options, terminal

if TYPE_CHECKING:
    import pandas as pd

    from offtake.instance.schema import Efficiencies, MeasuredRow

FEWEST = 5
"""points under which a factor would be noise"""


@click.command("calibrate")
@click.argument("measured_path", metavar="MEASURED", type=options.PATH)
@click.option("-o", "--output", type=options.PATH, metavar="FILE", help="Default: <MEASURED>.efficiencies.yaml here.")
@terminal.debug_option
@click.pass_context
def command(ctx: click.Context, measured_path: Path, output: Path | None) -> None:
    """Fit the throughput model to your measurements.

    MEASURED is a CSV with the columns of a measured row, concurrency and accelerators among them, or the results of a
    tool that `throughput.measured` takes. The constants of the model stay; factors of the accelerators, models, engines
    and pairs that were measured are fitted, drawn towards those that ship. An instance names the file that is written:
    `throughput: {efficiencies: FILE}`.
    """
    from offtake.instance import catalogue
    from offtake.instance.schema import Accelerator, LanguageModel
    from offtake.throughput import calibration, efficiency
    from offtake.throughput.points import points

    from .words import plural

    target = output or Path(f"{measured_path.stem}.efficiencies.yaml")
    rows = read(ctx, measured_path)
    accelerators = {key: Accelerator.model_validate(entry) for key, entry in catalogue.accelerators().items()}
    models = {key: LanguageModel.model_validate(entry) for key, entry in catalogue.models().items()}
    table, left_out = points(rows, accelerators, models)
    for reason, count in left_out.items():
        terminal.say(f"not fitted: {plural(count, 'row')} {reason}")
    if len(table) < FEWEST:
        terminal.say(f"error: {plural(len(table), 'row')} to fit; at least {FEWEST} are needed")
        ctx.exit(exits.INVALID_INPUT)
    found = calibration.fit(table, accelerators, models, around=efficiency.shipped())
    found = found.model_copy(
        update={"source": f"Fitted by `offtake calibrate` on {len(table)} points of {measured_path.name}"}
    )
    write(efficiency.text(found), target)
    before, after = (errors(table, fit, (accelerators, models)) for fit in (efficiency.shipped(), found))
    for name, was, now in zip(("tokens/s", "TPOT", "TTFT"), before, after, strict=True):
        terminal.say(f"{name}: median error {was:.1%} with the shipped efficiencies, {now:.1%} with these")
    terminal.say(f"written: {target}, software of {found.calibrated}")


def errors(table: pd.DataFrame, fit: Efficiencies, catalogue: Any) -> list[float]:
    """Median errors of tokens/s, TPOT and TTFT on the points themselves."""
    from offtake.throughput import accuracy, calibration

    seen = calibration.observed(table)
    return [accuracy.errors(*pair)[0] for pair in zip(accuracy.prediction(table, fit, catalogue), seen, strict=True)]


def read(ctx: click.Context, path: Path) -> list[MeasuredRow]:
    """The rows of a file of measurements, read as an instance beside it would. Ends the command if it is not valid."""
    from pydantic import ValidationError

    from offtake.instance import files, measured, yaml12
    from offtake.instance.diagnostics import Diagnostic, at
    from offtake.instance.schema import MeasuredRow

    from .problems import boxes, counted

    document = yaml12.parse(files.text_source(f"throughput: {{measured: {json.dumps(path.name)}}}", str(path)))[0][0]
    problems: list[Diagnostic] = []
    measured.read(document, path.parent, problems.append)
    entries, rows = document["throughput"]["measured"], []
    for entry, where in zip(entries, entries.values_at, strict=True):
        try:
            rows.append(MeasuredRow.model_validate(dict(entry)))
        except ValidationError as error:
            first = error.errors()[0]
            place = entry.values_at.get(first["loc"][0], where)
            problems.append(
                at(place, "E027", f"{first['loc'][0]}: {first['msg'].lower()}", "see the columns of a measured row")
            )
    failed = [problem for problem in problems if problem.severity == "error"]
    if failed:
        terminal.say(*boxes(failed), f"{path} is not valid: {counted(failed)}")
        ctx.exit(exits.INVALID_INPUT)
    return rows


def write(text: str, target: Path) -> None:
    """Raises CannotWrite."""
    from .files import check_writable

    check_writable(target)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise terminal.CannotWrite(f"{target} cannot be written: {error.strerror}") from None
