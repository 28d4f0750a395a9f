"""OMOP CDM tables and any table with a mapping."""

from __future__ import annotations

import io
import json
import tomllib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from galien.model.records import Condition, Document, Exposure, Measurement, Patient, Stay

MAPPING = tomllib.loads("""
[[table]]
files = "labo*"
record = "measurement"
patient_system = "urn:oid:1.2.250.1.71.4.2.2"
dates = "%d/%m/%Y"
decimal = ","
[table.columns]
id = "NUM"
patient = "IPP"
at = "DATE"
code = "CODE"
label = "LIBELLE"
value = "RESULTAT"
unit = "UNITE"
[table.constants]
vocabulary = "LOINC"
""")
LABO = "NUM;IPP;DATE;CODE;LIBELLE;RESULTAT;UNITE\n1;42;12/03/2024;4548-4;HbA1c;7,9;%\n2;42;13/03/2024;;CRP;<5;mg/L\n"


def test_a_mapping_reads_french_dates_and_decimals(read):
    found = read(LABO, "labo.csv", MAPPING)
    first, second = (i.record for i in found.records if isinstance(i.record, Measurement))
    assert (first.number, first.unit, first.code.code, first.at.text) == (7.9, "%", "4548-4", "2024-03-12")
    assert (second.number, second.comparator, second.text) == (5, "<", "CRP")
    assert first.patient.identifiers[0].system == "urn:oid:1.2.250.1.71.4.2.2"


def test_the_same_rows_in_parquet_and_json_lines(read):
    rows = [
        {
            "NUM": "1",
            "IPP": "42",
            "DATE": "12/03/2024",
            "CODE": "4548-4",
            "LIBELLE": "HbA1c",
            "RESULTAT": "7,9",
            "UNITE": "%",
        }
    ]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    parquet = read(out.getvalue(), "labo.parquet", MAPPING)
    lines = read("\n".join(json.dumps(r) for r in rows * 2), "labo.jsonl", MAPPING)
    csv = read(LABO.rsplit("\n", 2)[0] + "\n", "labo.csv", MAPPING)
    values = [[i.record.number for i in f.records if isinstance(i.record, Measurement)] for f in (parquet, lines, csv)]
    assert values == [[7.9], [7.9, 7.9], [7.9]]


def test_bad_rows_are_named_and_the_others_go_in(read):
    bad = LABO + "3;42;31/02/2024;1;X;1;g\n4;;12/03/2024;1;X;1;g\n5;42;12/03/2024;1;X;2;g\n"
    found = read(bad, "labo.csv", MAPPING)
    assert len([i for i in found.records if isinstance(i.record, Measurement)]) == 3
    assert [p.locator for p in found.problems] == ["line 4", "line 5"]
    assert all("42" not in p.reason for p in found.problems), "a reason holds no data of the row"


def test_a_missing_column_refuses_the_table(read):
    found = read("NUM;IPP;DATE\n1;42;12/03/2024\n", "labo.csv", MAPPING)
    assert found.fatal is not None
    assert "RESULTAT" in found.fatal.reason


def test_a_table_without_mapping_or_text_says_what_to_do(read):
    found = read("a,b\n1,2\n3,4\n", "x.csv")
    assert found.fatal is not None
    assert "mapping" in found.fatal.hint + found.fatal.reason


def test_a_table_with_a_text_column_is_guessed(read):
    text = "Patiente de 67 ans opérée d'une prothèse totale de hanche droite, suites simples."
    found = read(f"id,title,text\n1,Lettre,{text.replace(',', ' ')}\n2,Autre,{text.replace(',', ' ')}\n", "x.csv")
    assert [type(i.record) for i in found.records] == [Document, Document]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_omop_tables_are_known_by_their_columns(read, form):
    def table(rows: list[dict[str, object]]) -> bytes:
        made = pa.Table.from_pylist(rows)
        out = io.BytesIO()
        if form == "parquet":
            pq.write_table(made, out)
        else:
            from pyarrow import csv

            csv.write_csv(made, out)
        return out.getvalue()

    person = read(
        table([{"person_id": 1, "gender_concept_id": 8532, "year_of_birth": 1964, "month_of_birth": 1,
                "day_of_birth": 9, "race_concept_id": 0, "ethnicity_concept_id": 0, "person_source_value": "A1"}]), "a"
    )  # fmt: skip
    patient = next(i.record for i in person.records if isinstance(i.record, Patient))
    assert (patient.sex, patient.birth_date.text) == ("female", "1964-01-09")
    measurement = read(
        table([{"measurement_id": 5, "person_id": 1, "measurement_concept_id": 3004410,
                "measurement_date": "2024-03-12", "value_as_number": 7.9, "measurement_source_value": "4548-4",
                "unit_source_value": "%"}]), "b"
    )  # fmt: skip
    value = next(i.record for i in measurement.records if isinstance(i.record, Measurement))
    assert (value.number, value.unit) == (7.9, "%")
    assert set(value.patient.identifiers) & set(patient.patient.identifiers)
    start = "2024-01-01"
    for column, kind, extra in (
        (
            "condition_occurrence_id",
            Condition,
            {"condition_concept_id": 1, "condition_start_date": start, "condition_source_value": "I10"},
        ),
        (
            "drug_exposure_id",
            Exposure,
            {"drug_concept_id": 1, "drug_exposure_start_date": start, "drug_source_value": "A10BA02"},
        ),
        ("visit_occurrence_id", Stay, {"visit_concept_id": 9201, "visit_start_date": start, "visit_end_date": start}),
        ("note_id", Document, {"note_text": "Suites simples.", "note_title": "Lettre", "note_date": start}),
    ):
        found = read(table([{column: 7, "person_id": 1, **extra}]), "c")
        assert any(isinstance(i.record, kind) for i in found.records), column
