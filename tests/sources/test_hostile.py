"""Whatever the bytes, a file is read, or set aside with a typed reason; memory stays bounded."""

from __future__ import annotations

import json
import resource
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from galien.app.reading import Context, read_file
from galien.sources.port import Limits
from galien.store.reading import ReadFile

HEADS = (
    b'{"resourceType":"Bundle","entry":[',
    b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3">',
    b"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\rPID|",
    b"\0" * 128 + b"DICM\x02\x00\x00\x00UL\x04\x00\x10\x00\x00\x00",
    b"%PDF-1.4\n1 0 obj<<",
    b"PAR1",
    b"{\\rtf1 ",
    b"PK\x03\x04",
    b"<article><front>",
    b"TY  - JOUR\n",
    b"@article{a,",
    b"a;b;text\n1;2;",
    b"",
)


def read(data: bytes, limits: Limits | None = None) -> ReadFile:
    return read_file(data, "x", "test", Context(), limits or Limits(), ocr=False)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(head=st.sampled_from(HEADS), tail=st.binary(max_size=400))
def test_no_bytes_end_in_anything_but_records_or_a_reason(head: bytes, tail: bytes):
    found = read(head + tail)
    assert found.fatal is None or found.fatal.code.startswith("input.")
    if found.fatal is not None:
        assert found.blobs, "the bytes are kept beside the reason"


@pytest.mark.parametrize("levels", [500, 100_000])
def test_json_that_nests_without_end(levels: int):
    nested = '{"resourceType":"Bundle","entry":' + "[" * levels + "]" * levels + "}"
    found = read(nested.encode())
    assert found.fatal is None or found.fatal.code in ("input.hostile", "input.malformed")


def test_xml_that_nests_without_end():
    data = b'<ClinicalDocument xmlns="urn:hl7-org:v3">' + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</ClinicalDocument>"
    assert read(data).fatal.code == "input.hostile"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n + 1} "{f"&lol{n or str()};" * 10}">' for n in range(9))
    + ']><ClinicalDocument xmlns="urn:hl7-org:v3"><title>&lol9;</title></ClinicalDocument>'
)


def test_an_entity_bomb_costs_nothing():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    found = read(BOMB.encode())
    assert found.fatal.code == "input.hostile"
    assert time.monotonic() - began < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_an_external_entity_is_never_opened():
    xml = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><article><front><article-meta><title-group>'
    xml += "<article-title>&x;</article-title></title-group></article-meta></front></article>"
    assert read(xml.encode()).fatal.code == "input.hostile"


def test_a_document_longer_than_allowed_is_refused():
    found = read(b"mot " * 5000, Limits(text_chars=1000))
    assert found.fatal is not None


def test_a_reason_never_holds_what_the_file_says():
    secret = "DUPONTSECRET"
    for data in (
        json.dumps({"resourceType": "Patient", "name": secret, "birthDate": {secret: 1}, "identifier": secret}),
        f"MSH|^~\\&|A|B|C|D|x||ADT^A01|1|P|2.5\rPID|{secret}\rPV1|{secret}",
        f'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>{secret}</tit',
        f"TY  - {secret}",
    ):
        found = read(data.encode())
        said = [found.fatal, *found.problems]
        assert not any(secret in p.reason + p.hint + p.locator for p in said if p is not None)
