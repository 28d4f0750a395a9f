"""DICOM: study, series, instance, structured reports, odd and hostile files."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from galien.images import render, thumbnail
from galien.model.records import Document, Image, Patient

CT = "1.2.840.10008.5.1.4.1.1.2"
SR = "1.2.840.10008.5.1.4.1.1.88.11"


def dicom(sop_class: str = CT, **fields: object) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = "1.2.3.1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("x", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID, data.SOPInstanceUID = sop_class, "1.2.3.1"
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.3", "1.2.3.9"
    data.PatientName, data.PatientID, data.IssuerOfPatientID = "LEFÈVRE^Anne", "4711", "CHU"
    data.PatientSex, data.PatientBirthDate = "F", "19640109"
    data.StudyDate, data.StudyTime, data.Modality = "20240312", "083000", "CT"
    data.StudyDescription, data.SeriesDescription, data.BodyPartExamined = "TDM thorax", "Axial", "CHEST"
    for name, value in fields.items():
        setattr(data, name, value)
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    return out.getvalue()


def picture() -> dict[str, object]:
    pixels = (np.arange(64 * 48, dtype=np.uint16).reshape(64, 48) % 4096).astype(np.uint16)
    return {
        "Rows": 64, "Columns": 48, "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0,
        "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "PixelData": pixels.tobytes(),
        "WindowCenter": 2048, "WindowWidth": 4096, "InstanceNumber": 1,
    }  # fmt: skip


def test_an_image_says_what_it_is_and_of_whom(read, one):
    found = read(dicom(**picture()), "IMG0001")
    patient, image = one(found, Patient), one(found, Image)
    assert (patient.family, patient.given, patient.sex) == ("LEFÈVRE", "Anne", "female")
    assert (image.modality, image.body_part, image.title, image.series_title) == ("CT", "CHEST", "TDM thorax", "Axial")
    assert image.at.text == "2024-03-12T08:30:00"
    assert (image.instance.rows, image.instance.columns, image.instance.frames) == (64, 48, 1)
    assert any(item.thumbnail_sha for item in found.records)


def test_the_issuer_makes_the_identifier(read, one):
    one_hospital = one(read(dicom()), Patient).patient
    other = one(read(dicom(IssuerOfPatientID="CLINIQUE")), Patient).patient
    assert not set(one_hospital.identifiers) & set(other.identifiers)


def test_pixels_are_windowed(read):
    data = dicom(**picture())
    assert render(data).png[:4] == b"\x89PNG"
    assert render(data, center=0, width=1).png != render(data).png
    assert thumbnail(data)


def test_a_structured_report_is_a_document(read, one):
    def item(kind: str, name: str, **fields: object) -> Dataset:
        made, concept = Dataset(), Dataset()
        concept.CodeValue, concept.CodingSchemeDesignator, concept.CodeMeaning = "1", "99X", name
        made.ConceptNameCodeSequence = [concept]
        made.ValueType, made.RelationshipType = kind, "CONTAINS"
        for field, value in fields.items():
            setattr(made, field, value)
        return made

    content = [
        item("TEXT", "Conclusion", TextValue="Embolie pulmonaire segmentaire."),
        item("TEXT", "Indication", TextValue="Dyspnée"),
    ]
    title = Dataset()
    title.CodeValue, title.CodingSchemeDesignator, title.CodeMeaning = "11528-7", "LN", "Compte rendu"
    data = dicom(SR, Modality="SR", ValueType="CONTAINER", ContentSequence=content, ConceptNameCodeSequence=[title])
    document = one(read(data), Document)
    assert "Embolie pulmonaire segmentaire." in document.text
    assert "Conclusion" in document.text


def test_a_cut_file_still_says_what_it_is_or_is_refused(read):
    data = dicom(**picture())
    for length in (140, 300, len(data) // 2):
        found = read(data[:length])
        assert found.fatal is not None or found.records
        if found.fatal is not None:
            assert found.fatal.code.startswith("input.")


def test_absurd_lengths_are_refused_without_memory(read):
    data = bytearray(dicom(**picture()))
    place = bytes(data).index(b"\xe0\x7f\x10\x00OW")
    data[place + 8 : place + 12] = struct.pack("<I", 0xFFFFFFF0)
    found = read(bytes(data))
    assert found.fatal is not None or all(isinstance(i.record, Image | Patient) for i in found.records)
    place = bytes(data).index(b"\x10\x00\x10\x00PN")
    data[place + 6 : place + 8] = struct.pack("<H", 0xFFFF)
    assert read(bytes(data)).fatal is not None or read(bytes(data)).records


@pytest.mark.parametrize("fields", [{"Rows": 60000, "Columns": 60000}, {"NumberOfFrames": 2**30}])
def test_absurd_dimensions_cost_no_memory(read, fields):
    found = read(dicom(**{**picture(), **fields}))
    assert found.fatal is None
    assert not any(item.thumbnail_sha for item in found.records), "no picture can be made of it"


EXPECTED = {
    "the DICOM object has no SOP Instance UID": 7,
    "the DICOM file holds no data set": 2,
    "no source recognises this content": 1,
}


class TestPublicFiles:
    def test_every_file_is_read_or_refused_for_a_known_reason(self, read, public_data: Path):
        """`no_meta.dcm` holds pixels alone; the two *too_short* samples are cut on purpose."""
        files = sorted((public_data / "images/dicom").rglob("*.dcm"))
        assert len(files) > 600
        reasons: dict[str, int] = {}
        images = 0
        for file in files:
            found = read(file.read_bytes(), file.name)
            images += any(isinstance(i.record, Image | Document) for i in found.records)
            if found.fatal is not None:
                reasons[found.fatal.reason] = reasons.get(found.fatal.reason, 0) + 1
        assert reasons == EXPECTED
        assert images == len(files) - sum(EXPECTED.values())
