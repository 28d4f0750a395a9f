"""Codes as keys: one way to write each code, however the sender or a table wrote it."""

from __future__ import annotations

_ICD = ("CIM10", "ICD10", "ICD10CM")
_OBO = {"HPO": "HP", "HP": "HP", "MONDO": "MONDO"}
_RENAMED = {
    "ICD-10": "CIM10",
    "MESH": "MeSH",
    "MSH": "MeSH",
    "ORPHA": "Orphanet",
    "Orphanet": "Orphanet",
    "SCTID": "SNOMED",
    "SNOMEDCT_US": "SNOMED",
    "RXNORM": "RxNorm",
}


def key(vocabulary: str, code: str) -> str:
    """A code as ``VOCABULARY:code``, in the form under which it is kept.

    ICD codes have their dot (``I219`` is ``I21.9``) and lose dagger and asterisk; HPO and MONDO codes carry
    their own prefix; the names that ontologies give to other vocabularies are Galien's.

    >>> key("CIM10", "I219"), key("CIM10", "Z992+1"), key("HPO", "HP:0002315"), key("ORPHA", "340")
    ('CIM10:I21.9', 'CIM10:Z99.2+1', 'HP:0002315', 'Orphanet:340')
    """
    vocabulary = _RENAMED.get(vocabulary, vocabulary)
    code = code.strip()
    if vocabulary in _ICD:
        return f"{vocabulary}:{_dotted(code)}"
    if vocabulary in _OBO:
        prefix = _OBO[vocabulary]
        return f"{prefix}:{code.removeprefix(f'{prefix}:')}"
    if vocabulary == "Orphanet":
        code = code.removeprefix("ORPHA:")
    return f"{vocabulary}:{code}"


def same_as(whole: str) -> str:
    """The key of the same code in the vocabulary that a concept is more often kept under; itself for most.

    CIM-10 is the French edition of ICD-10: a code means the same in both.

    >>> same_as("ICD10:I21.9")
    'CIM10:I21.9'
    """
    return f"CIM10:{whole[6:]}" if whole.startswith("ICD10:") else whole


def tidy(whole: str) -> str:
    """A code or a family of codes (``CIM10:E11*``), as a table writes it, in the form under which it is kept.

    >>> tidy("RXNORM:1191"), tidy("CIM10:E11*"), tidy("CIM10:I219")
    ('RxNorm:1191', 'CIM10:E11*', 'CIM10:I21.9')
    """
    vocabulary, colon, code = whole.partition(":")
    if not colon:
        return whole
    return key(vocabulary, code.removesuffix("*")) + ("*" if code.endswith("*") else "")


def _dotted(code: str) -> str:
    code = code.upper()
    if "-" in code:
        return code  # a block: A00-A09
    code = code.replace(".+", "+").rstrip("†*").removesuffix("+")
    if len(code) > 3 and code[0].isalpha() and code[1].isdigit() and code[3] not in ".+":
        return f"{code[:3]}.{code[3:]}"
    return code
