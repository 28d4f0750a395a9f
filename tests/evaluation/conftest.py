"""A collection small enough to be judged by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CORPUS = {
    "D1": ("Statins and breast cancer", "Statins were given to women with breast cancer; survival was longer."),
    "D2": ("Vitamin D in asthma", "Children with asthma received vitamin D for a year."),
    "D3": ("Cinnamon and diabetes", "Cinnamon lowered glucose in patients with diabetes."),
    "D4": ("Sleep of nurses", "Night shifts disturbed the sleep of nurses in a hospital."),
    "D5": ("Breast feeding", "Breast feeding protects infants from infections."),
    "D6": ("Asthma at school", "Asthma keeps children away from school."),
}
QUERIES = {
    "Q1": "statins breast cancer",
    "Q2": "What helps my child who has asthma, would vitamin D be of any use to him please?",
    "Q3": "night work of pilots",
    "Q4": "nothing judged here",
}
QRELS = [("Q1", "D1", 2), ("Q1", "D5", 0), ("Q2", "D2", 2), ("Q2", "D6", 1), ("Q3", "D3", 1)]


@pytest.fixture
def collection_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    (folder / "qrels").mkdir(parents=True)
    lines = [json.dumps({"_id": id, "title": title, "text": text}) for id, (title, text) in CORPUS.items()]
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "queries.jsonl").write_text(
        "\n".join(json.dumps({"_id": id, "text": text}) for id, text in QUERIES.items())
    )
    rows = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in QRELS)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(rows) + "\n")
    return folder
