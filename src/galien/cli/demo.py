"""``galien demo``: the synthetic hospital."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import Progress

from galien.cli.console import Console


@click.group()
def demo() -> None:
    """A synthetic hospital: coherent, seeded, in the real file formats. Nobody in it exists."""


@demo.command("generate")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False), default=Path("hospital"))
@click.option("--patients", type=click.IntRange(1, 100_000), default=200, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed writes the same bytes.")
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def generate_command(console: Console, out: Path, patients: int, seed: int, language: str, as_json: bool) -> None:
    """Write a hospital under OUT: FHIR, CDA, HL7 v2, DICOM, PDF, text, and the truth beside them.

    Ingest OUT/files; OUT/truth says what is really the case, for tests and benches.
    """
    from galien.app.demonstration import generate  # reportlab, pydicom: only when asked

    with Progress(console=console.err, transient=True, disable=as_json) as bar:
        task = bar.add_task("patients", total=patients)
        report = generate(
            out, patients, seed, language, lambda done, total: bar.update(task, completed=done, total=total)
        )
    if as_json:
        console.json(report)
    else:
        made = {"patients": report.patients, "documents": report.documents, "seconds": f"{report.seconds:.1f}"}
        console.out.print(console.say("generated", **made, out=out))
