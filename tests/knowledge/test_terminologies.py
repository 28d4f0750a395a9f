"""Each distribution format gives its terms; what is broken is refused, with a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from galien.knowledge.terminologies import Term, about, catalogue, find, terms, version_of
from galien.knowledge.terminologies.catalogue import LAYOUTS
from galien.model.concepts import Label
from galien.model.errors import MalformedInput, NotFound, UsageError
from support.terminologies import FILES, HP_JSON, given


def read(folder: Path, name: str) -> dict[str, Term]:
    return {term.code: term for term in terms(name, given(folder, name))}


def test_every_terminology_has_a_card_and_a_layout() -> None:
    assert list(catalogue()) == list(LAYOUTS)
    for told in catalogue().values():
        assert told.page.startswith("https://")
        assert told.licence
        assert told.citation


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as refused:
        about("zblorg")
    assert "cim10" in refused.value.hint


@pytest.mark.parametrize("name", FILES)
def test_what_is_not_there_says_which_files_are_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refused:
        find(name, tmp_path)
    assert refused.value.hint


def test_hpo_comes_with_its_french_synonyms_hierarchy_and_cross_maps(tmp_path: Path) -> None:
    found = read(tmp_path, "hpo")
    headache = found["HP:0002315"]
    assert (headache.en, headache.fr, headache.kind) == ("Headache", "Céphalée", "finding")
    assert headache.names == (Label("Cephalgia", "en"),)
    assert headache.maps == ("SNOMED:25064002", "UMLS:C0018681")
    assert headache.above == ("HP:0012638",)
    assert Label('Headache of "Tuesdays"', "en") in found["HP:0009001"].names
    assert "HP:0009002" not in found
    assert not found["HP:0012823"].spoken


def test_hpo_is_read_from_its_graph_too(tmp_path: Path) -> None:
    (tmp_path / "hp.json").write_text(HP_JSON, "utf-8")
    found = {term.code: term for term in terms("hpo", tmp_path)}
    assert set(found) == {"HP:0000118", "HP:0002315"}
    assert found["HP:0002315"].parents == ("HP:0000118",)
    assert found["HP:0002315"].names == (Label("Cephalgia", "en"),)


def test_the_version_is_that_of_the_file(tmp_path: Path) -> None:
    assert version_of(find("hpo", given(tmp_path, "hpo"))[1]) == "hp/releases/2025-01-16"
    assert version_of(find("icd10cm", given(tmp_path, "icd10cm"))[1]) == "2026"


def test_cim10_is_read_in_the_code_page_of_the_atih(tmp_path: Path) -> None:
    found = read(tmp_path, "cim10")
    assert found["I210"].fr == "Infarctus du myocarde de la paroi antérieure"
    assert found["I210"].key == "CIM10:I21.0"
    assert found["I210"].above == ("CIM10:I21",)
    assert found["I2100"].above == ("CIM10:I21.0",)
    assert found["R53+0"].kind == "finding"
    assert not found["W02"].spoken


def test_icd10_is_read_from_claml(tmp_path: Path) -> None:
    found = read(tmp_path, "icd10")
    assert found["I21"].en == "Acute myocardial infarction"
    assert found["I21"].maps == ("CIM10:I21",)
    assert found["I21"].above == ("ICD10:I20-I25",)
    assert found["I21"].names == (Label("infarct of the pump", "en"),)
    assert not found["IX"].spoken


def test_icd10cm_lies_within_the_categories_of_icd10(tmp_path: Path) -> None:
    found = read(tmp_path, "icd10cm")
    assert found["I2101"].key == "ICD10CM:I21.01"
    assert found["I2101"].above == ("ICD10CM:I21",)
    assert found["I2101"].within == ("CIM10:I21",)


def test_a_brand_of_one_substance_is_a_name_of_it(tmp_path: Path) -> None:
    found = read(tmp_path, "bdpm")
    assert Label("trucalgine", "fr") in found["02202"].names
    assert not [label for label in found["02202"].names if "fabrique" in label.text]
    assert found["60000001"].within == ("BDPM:02202",)
    assert not found["60000001"].spoken


def test_a_brand_of_several_is_a_drug_below_each_by_its_therapeutic_part(tmp_path: Path) -> None:
    found = read(tmp_path, "bdpm")
    assert set(found["duotruc"].within) == {"BDPM:02202", "BDPM:22222"}
    assert found["60000003"].within == ("BDPM:duotruc",)
    assert found["11111"].parents == ("22222",)
    assert not found["33333"].spoken


def test_orphanet_tells_the_same_from_the_broader(tmp_path: Path) -> None:
    term = read(tmp_path, "orphanet")["99999"]
    assert (term.fr, term.en) == ("Syndrome inventé à moitié", "Half made-up syndrome")
    assert (term.maps, term.within) == (("OMIM:123456",), ("CIM10:Q38.2",))


def test_mondo_maps_only_what_it_calls_equivalent(tmp_path: Path) -> None:
    term = read(tmp_path, "mondo")["MONDO:0099999"]
    assert term.maps == ("OMIM:123456",)
    assert term.above == ("MONDO:0000001",)


def test_mesh_walks_its_trees_and_looks_only_for_diseases(tmp_path: Path) -> None:
    found = read(tmp_path, "mesh")
    assert found["D000002"].parents == ("D000001",)
    assert found["D000001"].fr == "Choses du cœur"
    assert found["D000001"].spoken
    assert (found["D000003"].kind, found["D000003"].spoken) == ("code", False)


def test_loinc_leaves_out_the_deprecated(tmp_path: Path) -> None:
    found = read(tmp_path, "loinc")
    assert list(found) == ["2160-0"]
    assert found["2160-0"].fr == "Créatinine sérique"


def test_snomed_keeps_what_is_active(tmp_path: Path) -> None:
    found = read(tmp_path, "snomed")
    assert set(found) == {"64572001", "25064002"}
    assert (found["25064002"].en, found["25064002"].kind) == ("Headache", "finding")
    assert found["25064002"].fr == "Mal de tête"
    assert found["25064002"].parents == ("64572001",)
    assert found["25064002"].names == (Label("Pain in head", "en"),)


def test_ccam_atc_and_nabm_are_read_from_tables(tmp_path: Path) -> None:
    assert read(tmp_path, "ccam")["HHFA001"].above == ("CCAM:07.03",)
    assert read(tmp_path, "atc")["N02BE01"].parents == ("N02B",)
    assert read(tmp_path, "nabm")["0592"].fr == "CREATININE (SANG)"


@pytest.mark.parametrize(
    ("name", "file", "spoil"),
    [
        ("hpo", "hp.obo", lambda data: data[: data.index(b"name: Headache") + 3]),
        ("hpo", "hp.obo", lambda data: b"nothing of the kind"),
        ("hpo", "hp.obo", lambda data: data.decode().encode("utf-16")),
        ("cim10", "LIBCIM10MULTI.TXT", lambda data: data[:-25]),
        ("cim10", "LIBCIM10MULTI.TXT", lambda data: b"x|1|2|3|4|5\n"),
        ("cim10", "LIBCIM10MULTI.TXT", lambda data: b""),
        ("icd10", "icd102019en.xml", lambda data: data[:-50]),
        ("icd10", "icd102019en.xml", lambda data: b"<a/>"),
        ("icd10cm", "icd10cm_order_2026.txt", lambda data: data[:-40]),
        ("bdpm", "CIS_bdpm.txt", lambda data: data[:300]),
        ("bdpm", "CIS_COMPO_bdpm.txt", lambda data: data.decode("cp1252").encode("utf-16")),
        ("orphanet", "fr_product1.xml", lambda data: data[:400]),
        ("orphanet", "fr_product1.xml", lambda data: data.replace(b"ISO-8859-1", b"UTF-8")),
        ("mesh", "desc2026.xml", lambda data: data[:-30]),
        ("loinc", "Loinc.csv", lambda data: data.replace(b"LOINC_NUM", b"NUMBER")),
        ("snomed", "sct2_Relationship_Snapshot_INT_20250101.txt", lambda data: data[:-20]),
    ],
)
def test_a_broken_file_is_refused_with_a_hint(name: str, file: str, spoil: object, tmp_path: Path) -> None:
    folder = given(tmp_path, name)
    assert callable(spoil)
    (folder / file).write_bytes(spoil((folder / file).read_bytes()))
    with pytest.raises(MalformedInput) as refused:
        list(terms(name, folder))
    assert refused.value.hint


def test_a_cell_may_hold_line_breaks(tmp_path: Path) -> None:
    text = FILES["loinc"]["Loinc.csv"].decode().replace("Creat SerPl", "Creat\nSerPl")
    (tmp_path / "Loinc.csv").write_text(text, "utf-8")
    (term,) = terms("loinc", tmp_path)
    assert term.en == "Creatinine [Mass/volume] in Serum"


def test_entities_of_an_xml_file_are_not_resolved(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    text = FILES["orphanet"]["en_product1.xml"].decode()
    bomb = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{tmp_path}/secret.txt">]>'
    text = text.replace("?>", f"?>{bomb}", 1).replace("Half made-up", "Half &x; made-up")
    (tmp_path / "fr_product1.xml").write_text(text, "utf-8")
    told = [term.fr for term in terms("orphanet", tmp_path)]
    assert "secret" not in " ".join(told)


@pytest.mark.parametrize(
    ("name", "least", "code", "label"),
    [
        ("cim10", 40_000, "I210", "Infarctus"),
        ("icd10", 12_000, "I21.0", "infarction"),
        ("icd10cm", 90_000, "I21.01", "STEMI"),
        ("hpo", 19_000, "HP:0002315", "Headache"),
        ("orphanet", 9_000, "349", "Fucosidose"),
        ("mondo", 23_000, "MONDO:0006085", "angiolipoma"),
        ("mesh", 30_000, "D000667", "Ampicillin"),
        ("bdpm", 20_000, "02202", "paracétamol"),
        ("atc", 1_900, "J05AF09", "emtricitabine"),
        ("ccam", 10_000, "HHFA001", "Appendicectomie"),
        ("nabm", 1_000, "1424", "TOXOPLASMOSE"),
    ],
)
def test_real_tables_are_read_whole(name: str, least: int, code: str, label: str, public_data: Path) -> None:
    found = {term.code: term for term in terms(name, public_data / "terminologies")}
    assert len(found) >= least
    assert label in (found[code].fr + found[code].en)
    keys = {term.key for term in found.values()}
    lost = {above for term in found.values() for above in term.above if above not in keys}
    assert len(lost) < len(found) // 100
