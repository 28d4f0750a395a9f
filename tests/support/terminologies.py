"""Tiny terminologies in the layouts of their publishers; the words are ours."""

# ruff: noqa: E501  (tables read better as tables)

from __future__ import annotations

from pathlib import Path

HP_OBO = """format-version: 1.2
data-version: hp/releases/2025-01-16
ontology: hp

[Term]
id: HP:0000001
name: All

[Term]
id: HP:0000118
name: Phenotypic abnormality
is_a: HP:0000001 ! All

[Term]
id: HP:0012638
name: Something of the nerves
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0002315
name: Headache
synonym: "Cephalgia" EXACT [test:1]
synonym: "Bad day" RELATED []
xref: SNOMEDCT_US:25064002
xref: UMLS:C0018681
is_a: HP:0012638 ! Something of the nerves

[Term]
id: HP:0009001
name: Tuesday headache
synonym: "Headache of \\"Tuesdays\\"" EXACT []
xref: SNOMEDCT_US:111
is_a: HP:0002315 ! Headache

[Term]
id: HP:0009002
name: obsolete Monday headache
is_obsolete: true

[Term]
id: HP:0012823
name: Clinical modifier
is_a: HP:0000001 ! All

[Typedef]
id: part_of
name: part of
"""

HP_FR = (
    "subject_id\tsource_language\ttranslation_language\tpredicate_id\tsource_value\ttranslation_status\ttranslation_value\n"
    "HP:0002315\ten\tfr\trdfs:label\tHeadache\tOFFICIAL\tCéphalée\n"
    "HP:0009001\ten\tfr\trdfs:label\tTuesday headache\tOFFICIAL\tCéphalée du mardi\n"
    "HP:0009001\ten\tfr\tIAO:0000115\tA definition\tOFFICIAL\tUne définition\n"
)

HP_JSON = """{"graphs": [{"nodes": [
 {"id": "http://purl.obolibrary.org/obo/HP_0000118", "lbl": "Phenotypic abnormality"},
 {"id": "http://purl.obolibrary.org/obo/HP_0002315", "lbl": "Headache", "meta": {
   "synonyms": [{"pred": "hasExactSynonym", "val": "Cephalgia"}, {"pred": "hasRelatedSynonym", "val": "Bad day"}],
   "xrefs": [{"val": "SNOMEDCT_US:25064002"}]}},
 {"id": "http://purl.obolibrary.org/obo/HP_0009002", "lbl": "gone", "meta": {"deprecated": true}}],
 "edges": [{"sub": "http://purl.obolibrary.org/obo/HP_0002315", "pred": "is_a",
            "obj": "http://purl.obolibrary.org/obo/HP_0000118"}]}]}"""

CIM10 = (
    "I21   |3|NNNN|3|INFARCTUS|Infarctus aigu du myocarde\r\n"
    "I210  |0|NONO|0|INF. ANT.|Infarctus du myocarde de la paroi antérieure\r\n"
    "I2100 |0|NONO|0|INF. ANT. INIT.|Infarctus du myocarde de la paroi antérieure, prise en charge initiale\r\n"
    "Q382  |0|NONO|0|MACROGLOSSIE|Macroglossie\r\n"
    "Q388  |0|NONO|0|AUTRES|Autres malformations précisées de la langue\r\n"
    "R53+0 |0|NONO|0|ALTER.|Altération de l'état général, sans précision\r\n"
    "W02   |3|NNNN|3|PATINS|Chute à patins\r\n"
)

CLAML = """<?xml version="1.0" encoding="UTF-8"?>
<ClaML version="2.0.0"><Title name="test" version="2019"/>
<Class code="IX" kind="chapter"><Rubric kind="preferred"><Label xml:lang="en">Diseases of the heart</Label></Rubric></Class>
<Class code="I20-I25" kind="block"><SuperClass code="IX"/>
 <Rubric kind="preferred"><Label xml:lang="en">Diseases of few arteries</Label></Rubric></Class>
<Class code="I21" kind="category"><SuperClass code="I20-I25"/><SubClass code="I21.0"/>
 <Rubric kind="preferred"><Label xml:lang="en">Acute <Term class="italics">myocardial</Term> infarction</Label></Rubric>
 <Rubric kind="inclusion"><Label xml:lang="en">infarct of the pump</Label></Rubric></Class>
</ClaML>"""

CM_ORDER = (
    "00001 I21     0 Short label                                                  Acute infarction of the heart\n"
    "00002 I2101   1 Short label                                                  Infarction of the left main artery\n"
)

CIS = (
    "60000001\tTRUCALGINE 500 mg, comprimé\tcomprimé\torale\tAutorisation active\tProcédure nationale\tCommercialisée\t01/01/2000\t\t\tX\tNon\n"
    "60000002\tPARACETAMOL FABRIQUE 1 g, gélule\tgélule\torale\tAutorisation active\tProcédure nationale\tCommercialisée\t01/01/2000\t\t\tX\tNon\n"
    "60000003\tDUOTRUC 10 mg/20 mg, comprimé\tcomprimé\torale\tAutorisation active\tProcédure nationale\tCommercialisée\t01/01/2000\t\t\tX\tNon\n"
    "60000004\tBELLEFLEUR, granules\tgranules\torale\tAutorisation active\tEnreg homéo (Proc. Nat.)\tCommercialisée\t01/01/2000\t\t\tX\tNon\n"
)
COMPO = (
    "60000001\tcomprimé\t02202\tPARACÉTAMOL\t500 mg\tun comprimé\tSA\t1\t\n"
    "60000002\tgélule\t02202\tPARACÉTAMOL\t1 g\tune gélule\tSA\t1\t\n"
    "60000003\tcomprimé\t11111\tCHLORHYDRATE DE TRUCALOL\t10 mg\tun comprimé\tSA\t1\t\n"
    "60000003\tcomprimé\t22222\tTRUCALOL\t9 mg\tun comprimé\tFT\t1\t\n"
    "60000003\tcomprimé\t02202\tPARACÉTAMOL\t20 mg\tun comprimé\tSA\t2\t\n"
    "60000004\tgranules\t33333\tBELLEFLEUR POUR PRÉPARATIONS HOMÉOPATHIQUES\t4CH\tun tube\tSA\t1\t\n"
)

ORPHANET = """<?xml version="1.0" encoding="{encoding}"?>
<JDBOR><DisorderList count="1"><Disorder id="1"><OrphaCode>99999</OrphaCode><Name lang="fr">{name}</Name>
<SynonymList count="1"><Synonym lang="fr">Maladie de Personne</Synonym></SynonymList>
<ExternalReferenceList count="2">
<ExternalReference id="1"><Source>ICD-10</Source><Reference>Q38.2</Reference>
 <DisorderMappingRelation id="2"><Name lang="fr">NTBT (narrower term maps to a broader term)</Name></DisorderMappingRelation></ExternalReference>
<ExternalReference id="2"><Source>OMIM</Source><Reference>123456</Reference>
 <DisorderMappingRelation id="1"><Name lang="fr">E (exact mapping)</Name></DisorderMappingRelation></ExternalReference>
</ExternalReferenceList></Disorder></DisorderList></JDBOR>"""

MONDO_OBO = """format-version: 1.2
data-version: releases/2025-01-01

[Term]
id: MONDO:0000001
name: disease

[Term]
id: MONDO:0099999
name: nobody disease
xref: OMIM:123456 {source="MONDO:equivalentTo"}
xref: ICD9:999 {source="somebody"}
is_a: MONDO:0000001 {source="test"} ! disease
"""

MESH = """<?xml version="1.0"?>
<DescriptorRecordSet LanguageCode="eng">
<DescriptorRecord><DescriptorUI>D000001</DescriptorUI><DescriptorName><String>Heart Things</String></DescriptorName>
 <TreeNumberList><TreeNumber>C14.1</TreeNumber></TreeNumberList></DescriptorRecord>
<DescriptorRecord><DescriptorUI>D000002</DescriptorUI><DescriptorName><String>Heart Thing of Tuesdays</String></DescriptorName>
 <TreeNumberList><TreeNumber>C14.1.2</TreeNumber></TreeNumberList>
 <ConceptList><Concept><TermList><Term><String>Tuesday Heart</String></Term></TermList></Concept></ConceptList></DescriptorRecord>
<DescriptorRecord><DescriptorUI>D000003</DescriptorUI><DescriptorName><String>Libraries</String></DescriptorName>
 <TreeNumberList><TreeNumber>L01.1</TreeNumber></TreeNumberList></DescriptorRecord>
</DescriptorRecordSet>"""
FREDESC = MESH.replace("Heart Things", "Choses du cœur[Heart Things]").replace("Libraries", "Bibliothèques[Libraries]")

LOINC = (
    '"LOINC_NUM","COMPONENT","PROPERTY","STATUS","SHORTNAME","LONG_COMMON_NAME"\n'
    '"2160-0","Creatinine","MCnc","ACTIVE","Creat SerPl","Creatinine [Mass/volume] in Serum"\n'
    '"0000-1","Gone","MCnc","DEPRECATED","Gone","Gone"\n'
)
LOINC_FR = (
    '"LOINC_NUM","COMPONENT","SHORTNAME","LONG_COMMON_NAME","LinguisticVariantDisplayName"\n'
    '"2160-0","Créatinine","","Créatinine [Masse/Volume]","Créatinine sérique"\n'
)

SNOMED = {
    "sct2_Concept_Snapshot_INT_20250101.txt": (
        "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\n"
        "64572001\t20020131\t1\t900000000000207008\t900000000000074008\n"
        "25064002\t20020131\t1\t900000000000207008\t900000000000074008\n"
        "99\t20020131\t0\t900000000000207008\t900000000000074008\n"
    ),
    "sct2_Description_Snapshot-en_INT_20250101.txt": (
        "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"
        "1\t20020131\t1\tm\t64572001\ten\t900000000000003001\tDisease (disorder)\tc\n"
        "2\t20020131\t1\tm\t25064002\ten\t900000000000003001\tHeadache (finding)\tc\n"
        "3\t20020131\t1\tm\t25064002\ten\t900000000000013009\tPain in head\tc\n"
        "4\t20020131\t1\tm\t99\ten\t900000000000003001\tGone (finding)\tc\n"
    ),
    "sct2_Description_Snapshot-fr_FR_20250101.txt": (
        "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"
        "5\t20020131\t1\tm\t25064002\tfr\t900000000000013009\tMal de tête\tc\n"
        "6\t20020131\t0\tm\t25064002\tfr\t900000000000013009\tRetiré\tc\n"
    ),
    "sct2_Relationship_Snapshot_INT_20250101.txt": (
        "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId\n"
        "1\t20020131\t1\tm\t25064002\t64572001\t0\t116680003\tc\tm\n"
        "2\t20020131\t1\tm\t25064002\t99\t0\t363698007\tc\tm\n"
    ),
}
CCAM = "code;libelle_court;libelle_long\nHHFA001;append.;Appendicectomie du mardi, par laparotomie\n"
CCAM_TREE = (
    "strate;code;parent;libelle;type\n07.00.00.00;000500;000001;APPAREIL DIGESTIF;H\n"
    "07.03.00.00;000510;000500;Actes sur l'intestin;H\n07.03.00.00;HHFA001;000510;Appendicectomie;A\n"
)
ATC = "code;label;label_en\nN;SYSTÈME NERVEUX;\nN02B;autres analgésiques;\nN02BE01;paracétamol;paracetamol\n"
NABM = "BIO_PRS_IDE;BIO_INF_LIB\n592;CREATININE  (SANG)\n"

FILES: dict[str, dict[str, bytes]] = {
    "hpo": {"hp.obo": HP_OBO.encode(), "hp-fr.babelon.tsv": HP_FR.encode()},
    "cim10": {"LIBCIM10MULTI.TXT": CIM10.encode("cp1252")},
    "icd10": {"icd102019en.xml": CLAML.encode()},
    "icd10cm": {"icd10cm_order_2026.txt": CM_ORDER.encode()},
    "bdpm": {"CIS_bdpm.txt": CIS.encode("cp1252"), "CIS_COMPO_bdpm.txt": COMPO.encode("cp1252")},
    "orphanet": {
        "fr_product1.xml": ORPHANET.format(encoding="ISO-8859-1", name="Syndrome inventé à moitié").encode("latin-1"),
        "en_product1.xml": ORPHANET.format(encoding="UTF-8", name="Half made-up syndrome").encode(),
    },
    "mondo": {"mondo.obo": MONDO_OBO.encode()},
    "mesh": {"desc2026.xml": MESH.encode(), "fredesc2026.xml": FREDESC.encode()},
    "loinc": {"Loinc.csv": LOINC.encode(), "frFR8LinguisticVariant.csv": LOINC_FR.encode()},
    "snomed": {name: text.encode() for name, text in SNOMED.items()},
    "ccam": {"ccam_fr.csv": CCAM.encode("utf-8-sig"), "ccam_hierarchie.csv": CCAM_TREE.encode()},
    "atc": {"atc.csv": ATC.encode()},
    "nabm": {"nabm.csv": NABM.encode()},
}


def given(folder: Path, *names: str) -> Path:
    """A folder with the files of some terminologies."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        for file, data in FILES[name].items():
            (folder / file).write_bytes(data)
    return folder
