"""DICOM series: computed radiographs, CT and MR volumes, mammograms."""

from __future__ import annotations

import io
from collections.abc import Iterator

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from galien.synthetic.course import Study
from galien.synthetic.lexicon import HOSPITAL, SERVICES
from galien.synthetic.people import IPP_OID, Person
from galien.synthetic.pictures import draw

_CLASSES = {
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
}
_PARTS = {
    "hip": "HIP",
    "hip_prosthesis": "HIP",
    "hip_fracture": "HIP",
    "knee": "KNEE",
    "chest": "CHEST",
    "chest_heart": "CHEST",
    "chest_pneumonia": "CHEST",
    "abdomen": "ABDOMEN",
    "brain": "BRAIN",
    "brain_lesion": "BRAIN",
    "breast": "BREAST",
}
_TITLES = {
    "HIP": ("Bassin et hanche", "Pelvis and hip"),
    "KNEE": ("Genou", "Knee"),
    "CHEST": ("Thorax", "Chest"),
    "ABDOMEN": ("Abdomen et pelvis", "Abdomen and pelvis"),
    "BRAIN": ("Encéphale", "Brain"),
    "BREAST": ("Mammographie", "Mammogram"),
}


def series(person: Person, study: Study, language: str) -> Iterator[bytes]:
    """The files of a study, in order of their instances."""
    volume = study.modality in ("CT", "MR")
    pixels = draw(study.picture, study.side, person.seed, size=128 if volume else 256, slices=12 if volume else 1)
    for i, plane in enumerate(pixels, 1):
        yield _file(person, study, i, plane.tobytes(), plane.shape[0], language)


def _file(person: Person, study: Study, number: int, pixels: bytes, size: int, language: str) -> bytes:
    part = _PARTS[study.picture]
    uid = f"{study.uid}.1.{number}"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = _CLASSES[study.modality]
    meta.MediaStorageSOPInstanceUID = uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = "1.2.826.0.1.3680043.10.999"
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, uid
    data.StudyInstanceUID, data.SeriesInstanceUID = study.uid, f"{study.uid}.1"
    data.StudyDate = data.SeriesDate = f"{study.at:%Y%m%d}"
    data.StudyTime = "101500"
    data.Modality, data.BodyPartExamined = study.modality, part
    data.StudyDescription = _TITLES[part][0 if language == "fr" else 1]
    data.SeriesDescription = "Face" if study.modality == "CR" else study.modality
    data.InstitutionName = HOSPITAL
    data.InstitutionalDepartmentName = SERVICES["radiology"][0 if language == "fr" else 1]
    data.AccessionNumber = f"A{person.ipp}"
    data.PatientID, data.PatientName = person.ipp, f"{person.family}^{person.given}"
    issuer = Dataset()
    issuer.UniversalEntityID, issuer.UniversalEntityIDType = IPP_OID, "ISO"
    data.IssuerOfPatientIDQualifiersSequence = [issuer]
    data.PatientBirthDate = f"{person.birth:%Y%m%d}"
    data.PatientSex = "F" if person.sex == "female" else "M"
    data.SeriesNumber, data.InstanceNumber = 1, number
    data.Laterality = "L" if study.side == "left" else "R"
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows = data.Columns = size
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelSpacing = [0.9, 0.9]
    data.WindowCenter, data.WindowWidth = 1500, 2600
    if study.modality in ("CT", "MR"):
        data.SliceThickness = 5
        data.ImagePositionPatient = [0, 0, number * 5]
    data.PixelData = pixels
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    return out.getvalue()
