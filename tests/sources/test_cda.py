"""CDA R2: header, sections, tables, coded entries, nested PDF; French and American profiles."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from galien.model.records import Condition, Document, Measurement, Patient, Stay
from galien.sources.pdf import source as pdf_source
from galien.sources.port import Raw, ReadOptions

HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <realmCode code="FR"/><id root="1.2.3.4" extension="{id}"/>
  <code code="{code}" codeSystem="2.16.840.1.113883.6.1" displayName="CR"/>
  <title>{title}</title><effectiveTime value="20240312083000+0100"/>
  <languageCode code="fr-FR"/><setId root="1.2.3.4" extension="jeu-1"/><versionNumber value="{version}"/>
  <recordTarget><patientRole>
    <id root="1.2.250.1.213.1.4.8" extension="260058815400233"/>
    <patient><name><family qualifier="SP">DUPONT</family><given>Léa</given></name>
      <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19600510"/></patient>
  </patientRole></recordTarget>
  <author><time value="20240312"/><assignedAuthor><id nullFlavor="UNK"/>
    <assignedPerson><name><prefix>DR</prefix><family>MARTIN</family><given>Paul</given></name></assignedPerson>
  </assignedAuthor></author>
  <componentOf><encompassingEncounter><id root="1.2.250.1.9" extension="S-77"/>
    <effectiveTime><low value="20240310"/><high value="20240315"/></effectiveTime></encompassingEncounter></componentOf>
  <component>{body}</component>
</ClinicalDocument>"""

STRUCTURED = """<structuredBody><component><section>
  <code code="11348-0" codeSystem="2.16.840.1.113883.6.1"/><title>Antécédents</title>
  <text><paragraph>Hypertension artérielle.</paragraph>
    <list><item>Appendicectomie</item><item>Pas de diabète</item></list></text>
  <entry><act classCode="ACT" moodCode="EVN"><entryRelationship typeCode="SUBJ">
    <observation classCode="OBS" moodCode="EVN"><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5"/>
      <id root="1.2.7" extension="c1"/>
      <code code="55607006" codeSystem="2.16.840.1.113883.6.96"/><statusCode code="completed"/>
      <effectiveTime><low value="2010"/></effectiveTime>
      <value xsi:type="CD" code="I10" codeSystem="2.16.840.1.113883.6.3" displayName="Hypertension essentielle"/>
    </observation></entryRelationship></act></entry>
</section></component><component><section>
  <code code="18725-2" codeSystem="2.16.840.1.113883.6.1"/><title>Biochimie</title>
  <text><table><thead><tr><th>Analyse</th><th>Résultat</th></tr></thead>
    <tbody><tr><td>Glycémie</td><td>5,4 mmol/L</td></tr></tbody></table></text>
  <entry><organizer classCode="BATTERY" moodCode="EVN"><statusCode code="completed"/><component>
    <observation classCode="OBS" moodCode="EVN"><id root="1.2.7" extension="o1"/>
      <code code="14749-6" codeSystem="2.16.840.1.113883.6.1" displayName="Glycémie"/>
      <statusCode code="completed"/><effectiveTime value="20240311"/>
      <value xsi:type="PQ" value="5.4" unit="mmol/L"/>
      <referenceRange><observationRange><value xsi:type="IVL_PQ"><low value="3.9" unit="mmol/L"/>
        <high value="6.1" unit="mmol/L"/></value></observationRange></referenceRange>
    </observation></component></organizer></entry>
</section></component></structuredBody>"""


def letter(body: str = STRUCTURED, **values: str) -> str:
    filled = {"id": "doc-1", "code": "11490-0", "title": "Lettre de liaison", "version": "1", "body": body, **values}
    text = HEADER
    for name, value in filled.items():
        text = text.replace("{" + name + "}", value)
    return text


def unstructured(mime: str, data: bytes) -> str:
    coded = base64.b64encode(data).decode()
    return f'<nonXMLBody><text mediaType="{mime}" representation="B64">{coded}</text></nonXMLBody>'


def test_the_header_says_who_what_when_and_during_which_stay(read, one):
    found = read(letter())
    patient, document, stay = one(found, Patient), one(found, Document), one(found, Stay)
    assert (patient.family, patient.given, patient.sex) == ("DUPONT", "Léa", "female")
    assert [(i.system, i.value) for i in patient.patient.identifiers] == [
        ("urn:oid:1.2.250.1.213.1.4.8", "260058815400233")
    ]
    assert document.title == "Lettre de liaison"
    assert document.at.text.startswith("2024-03-12")
    assert "MARTIN" in document.author
    assert document.language == "fr"
    assert stay.key == document.stay == "stay:urn:oid:1.2.250.1.9|S-77"
    assert (stay.start.text[:10], stay.end.text[:10]) == ("2024-03-10", "2024-03-15")


def test_sections_keep_their_titles_codes_and_offsets(read, one):
    document = one(read(letter()), Document)
    assert [s.title for s in document.sections] == ["Antécédents", "Biochimie"]
    first, second = document.sections
    assert "Appendicectomie" in document.text[first.start : first.end]
    assert "Glycémie" in document.text[second.start : second.end]
    assert first.code.code == "11348-0"


def test_a_table_stays_readable(read, one):
    document = one(read(letter()), Document)
    line = next(line for line in document.text.splitlines() if "5,4" in line)
    assert "Glycémie" in line, "the cells of a row stand on one line"


def test_coded_entries_become_records(read, one):
    found = read(letter())
    condition = one(found, Condition)
    assert condition.code.code == "I10"
    assert condition.start.text == "2010"
    measure = one(found, Measurement)
    assert (measure.number, measure.unit, measure.low, measure.high) == (5.4, "mmol/L", 3.9, 6.1)
    assert measure.at.text.startswith("2024-03-11")


def test_a_new_version_has_the_same_key_and_a_higher_version(read, one):
    first, second = one(read(letter()), Document), one(read(letter(version="2", id="doc-2")), Document)
    assert first.key == second.key
    assert second.version > first.version


def test_a_level_1_body_shows_its_pdf_and_is_searched_by_its_text(read):
    from reportlab.pdfgen.canvas import Canvas

    from galien.app.reading import Context, read_file
    from galien.sources.port import Limits

    pdf = _pdf(Canvas, "Fracture du col femoral gauche")
    assert list(pdf_source.read(Raw(pdf, "x.pdf"), ReadOptions()))
    found = read_file(letter(unstructured("application/pdf", pdf)).encode(), "x.xml", "test", Context(), Limits())
    (item,) = [i for i in found.records if isinstance(i.record, Document)]
    assert "Fracture du col femoral gauche" in item.record.text
    assert item.original_mime == "application/pdf"
    assert item.original_sha in {blob.sha for blob in found.blobs}


def _pdf(canvas: type, line: str) -> bytes:
    from io import BytesIO

    out = BytesIO()
    page = canvas(out)
    page.drawString(72, 720, line)
    page.save()
    return out.getvalue()


def test_an_embedded_text_is_the_document(read, one):
    document = one(read(letter(unstructured("text/plain", b"Compte rendu en clair."))), Document)
    assert "Compte rendu en clair." in document.text


@pytest.mark.parametrize("broken", ["<ClinicalDocument xmlns='urn:hl7-org:v3'><title>", letter()[:900]])
def test_a_truncated_document_is_refused(read, broken):
    assert read(broken).fatal.code == "input.malformed"


def test_entities_are_not_expanded(read):
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;"><!ENTITY x SYSTEM "file:///etc/hostname">]>'
    found = read(letter(title="&c;&x;").replace("<ClinicalDocument", bomb + "<ClinicalDocument", 1))
    assert found.fatal is not None
    assert found.fatal.code == "input.hostile"


class TestFrenchGuide:
    """The 64 documents of the French interoperability framework (CI-SIS)."""

    def test_each_gives_a_patient_a_dated_titled_document_and_readable_text(self, read, public_data: Path):
        files = sorted((public_data / "records/cda_fr").glob("*.xml"))
        assert len(files) > 50
        thin = []
        for file in files:
            found = read(file.read_bytes(), file.name)
            assert found.fatal is None, (file.name, found.fatal)
            assert found.problems == (), (file.name, found.problems)
            documents = [i.record for i in found.records if isinstance(i.record, Document)]
            assert documents, file.name
            document = documents[0]  # others are files attached to it
            assert all(d.patient == document.patient for d in documents), file.name
            assert document.patient is not None, file.name
            assert document.title, file.name
            assert document.at is not None, file.name
            if len(document.text) < 80:
                thin.append(file.name)
        assert thin == ["DOC_NON_STRUCTURE_CDA-R2-N1.xml"], "a scan, read only where tesseract is installed"

    def test_the_laboratory_report_gives_its_measures(self, read, public_data: Path):
        file = public_data / "records/cda_fr/BIO-CR-BIO_2024.01_TSH_1.xml"
        measures = [i.record for i in read(file.read_bytes()).records if isinstance(i.record, Measurement)]
        values = {m.code.code: (m.number, m.unit, m.low, m.high, m.interpretation) for m in measures if m.code}
        assert values["3016-3"] == (1.95, "m[IU]/L", 0.27, 4.2, "N")
        assert values["3024-7"] == (7.67, "pg/mL", 9.3, 17.0, "L")

    def test_the_glucose_in_two_units_is_two_measures(self, read, public_data: Path):
        name = "BIO-CR-BIO_2024.01_Glycémie deux unités principales_mole_masse.xml"
        found = read((public_data / "records/cda_fr" / name).read_bytes())
        units = {i.record.unit for i in found.records if isinstance(i.record, Measurement) and i.record.number}
        assert {"mmol/L", "g/L"} <= units

    def test_level_1_shows_its_pdf(self, read, public_data: Path):
        found = read((public_data / "records/cda_fr/DOC_NON_STRUCTURE_CDA-R2-N1.xml").read_bytes())
        assert "application/pdf" in {i.original_mime for i in found.records}


def test_american_documents_give_their_problems(read, public_data: Path):
    file = public_data / "records/hl7v2_ccda_fhir_converter/Ccda/Discharge_Summary.ccda"
    found = read(file.read_bytes())
    names = {type(i.record) for i in found.records}
    assert {Patient, Document, Condition} <= names
