"""What this workspace knows of medicine, put to work: reading texts, linking codes."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from galien.app import terminologies
from galien.app.hospital import FOLDER, Taught, files_of, taught
from galien.knowledge import Lexicon, shipped
from galien.language import detect
from galien.language.mentions import CODING, Compiled
from galien.language.reading import Reader
from galien.model.readings import PLAIN, Context
from galien.store.omop.cdm import Cdm
from galien.store.reading import Finding
from galien.store.told import Passage

Ints = npt.NDArray[np.int64]
__all__ = ["FOLDER", "CdmLinks", "Understanding", "letters", "shipped_understanding", "understanding_of"]
_SKIPPED = {"body"}
_MODALITIES = {"CR": "X-ray", "DX": "X-ray", "CT": "CT", "MR": "MRI", "US": "ultrasound"}
_PARTS = {"head": "brain", "skull": "brain", "abdomen": "abdominal", "pelvis": "pelvic", "heart": "cardiac"}
_LETTERS = {
    "negated": "n",
    "hedged": "h",
    "conditional": "c",
    "historical": "a",
    "planned": "l",
    "resolved": "r",
    "reported": "q",
}


class Understanding:
    """A lexicon and the reader that works with it.

    Parameters
    ----------
    lexicon : Lexicon
    reader : Reader, optional
        With this lexicon; made, or found in the user's cache, when not given.
    """

    def __init__(self, lexicon: Lexicon, reader: Reader | None = None) -> None:
        self.lexicon = lexicon
        self.reader = reader or _reader(lexicon, Taught())

    def findings(self, text: str, language: str, at: str) -> tuple[Finding, ...]:
        """What a document says, as rows to keep."""
        if not text:
            return ()
        reading = self.reader.read(text, language, at=at)
        found = [
            Finding(m.start, m.end, m.concept, m.kind, letters(m.context), m.section, side=m.side)
            for m in reading.mentions
            if m.kind not in _SKIPPED
        ]
        found += [
            Finding(q.start, q.end, q.concept, "value", "", "", q.comparator, q.value, q.value_unit)
            for q in reading.quantities
            if q.concept and q.value is not None
        ]
        return tuple(found)

    def passages(self, text: str, language: str = "") -> list[Passage]:
        """What a short text names, and how."""
        found = self.findings(text, language or detect(text), "")
        return [Passage(item.start, item.end, item.concept, item.context) for item in found]

    def named_besides(self, title: str, keywords: str, language: str) -> tuple[Finding, ...]:
        """What the title and the keywords of an article name; these have no place in its text."""
        found = dict.fromkeys(item.concept for item in self.passages(f"{title}\n{keywords}", language))
        return tuple(Finding(0, 0, concept, "title") for concept in found)

    def imaged(self, modality: str, body_part: str) -> tuple[str, ...]:
        """Acts that a study of this modality and body part (DICOM PS3.3 C.7.3.1.1.1, PS3.16 annex L) stands for.

        The act of the part where the lexicon names it (*chest X-ray*), else that of the modality alone.
        """
        part, way = body_part.lower(), _MODALITIES.get(modality, "")
        for name in (part, _PARTS.get(part, "")) if way and part else ():
            acts = tuple(id for id in self.named(f"{name} {way}") if name and self.lexicon[id].kind == "act")
            if acts:
                return acts
        return tuple(self.lexicon.coded("DICOM", modality))

    def linked(self, vocabulary: str, code: str, label: str) -> list[str]:
        """Concepts that a coded row means: by its code, else by its label in either language."""
        found = self.lexicon.coded(vocabulary, code) if vocabulary and code else []
        if any(map(_lexical, found)):
            return found
        # No concept of the lexicon holds this code: its label may name one, nearer than those above the term.
        return list(dict.fromkeys([*found, *self.named(label)]))

    def named(self, label: str) -> tuple[str, ...]:
        """Concepts that a label of any code system names: *Hypertension (disorder)*, *Metformin 500 MG Oral Tablet*."""
        plain = label.rsplit(" (", 1)[0] if label.endswith(")") else label
        whole = self.reader.whole(plain) or self.reader.whole(label)
        if whole:
            return whole
        # A drug with its strength and form, an analyte with its specimen: the name that comes first says it.
        for language in ("en", "fr"):
            reading = self.reader.read(plain, language)
            best = [m for m in reading.mentions if m.kind in ("drug", "analyte", "act", "condition", "finding")]
            drugs = [m for m in best if m.kind == "drug"]
            if drugs:
                return tuple(dict.fromkeys(m.concept for m in drugs))
            if best and best[0].end - best[0].start >= 0.6 * len(plain.split("[")[0].strip()):
                return (best[0].concept,)
            # The last word of an English label is what it names: "Acute bacterial sinusitis".
            last = best[-1] if best and language == "en" else None
            if last and last.end == len(plain) and last.context == PLAIN and last.kind in ("condition", "finding"):
                return (last.concept,)
        return ()


class CdmLinks:
    """Which rows of the OMOP tables mean which concepts: `galien.query.execution.Links`.

    A code of a known system is linked by the code; any other row by its label, in either language.
    """

    def __init__(self, cdm: Cdm, understanding: Understanding) -> None:
        self._cdm = cdm
        self._understanding = understanding
        self._seen = 0
        self._commit = -1
        self._sources: dict[str, list[int]] = {}
        self._unlinked: list[tuple[int, str, str, str]] = []

    def sources(self, concepts: frozenset[str]) -> Ints:
        self._refresh()
        found = {source for concept in concepts for source in self._sources.get(concept, ())}
        return np.array(sorted(found), np.int64)

    def unlinked_rows(self) -> list[tuple[tuple[str, str, str], int]]:
        """Codes that mean nothing to us, with how many rows bear them."""
        self._refresh()
        counts = self._cdm.query(
            " UNION ALL ".join(
                f"SELECT {prefix}_source_concept_id, count(*) FROM {table} GROUP BY 1"
                for prefix, table in (
                    ("condition", "condition_occurrence"),
                    ("drug", "drug_exposure"),
                    ("procedure", "procedure_occurrence"),
                    ("measurement", "measurement"),
                )
            )
        )
        rows = {int(str(number)): int(str(count)) for number, count in counts if number is not None}
        return [((v, code, label), rows[number]) for number, v, code, label in self._unlinked if number in rows]

    def _refresh(self) -> None:
        commit = self._cdm.last_commit()
        if commit == self._commit:
            return
        rows = self._cdm.query(
            "SELECT concept_id, vocabulary_id, concept_code, concept_name FROM concept"
            " WHERE concept_id > ? ORDER BY concept_id",
            [self._seen],
        )
        for number, vocabulary, code, label in rows:
            self._seen = max(self._seen, int(str(number)))
            known = "" if vocabulary == "text" else str(vocabulary)
            linked = self._understanding.linked(known, str(code), str(label))
            for concept in linked:
                self._sources.setdefault(concept, []).append(int(str(number)))
            if not linked:
                self._unlinked.append((int(str(number)), str(vocabulary), str(code), str(label)))
        self._commit = commit


def _lexical(id: str) -> bool:
    """Whether a concept is the lexicon's or the hospital's, not a terminology's own: those are called by their code."""
    return ":" not in id


def letters(context: Context) -> str:
    """A context as the letters that `galien.store.reading.Finding` keeps."""
    if context.cue == () and context.subject == "patient":
        return ""
    said = "".join([letter for name, letter in _LETTERS.items() if getattr(context, name)])
    return said + ("f" if context.subject != "patient" else "")


def _reader(lexicon: Lexicon, hospital: Taught) -> Reader:
    """A reader of a lexicon; its dictionaries are compiled once and kept in the user's cache."""
    kept = _cache_folder() / f"lexicon-{CODING}-{lexicon.fingerprint}.msgpack"
    with suppress(OSError, msgspec.MsgspecError):
        compiled = msgspec.msgpack.decode(kept.read_bytes(), type=list[Compiled])
        return Reader(lexicon, hospital.titles, compiled, hospital.grammars)
    reader = Reader(lexicon, hospital.titles, grammars=hospital.grammars)
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Under a name of its own until it is whole: another process may be reading.
        with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as part:
            part.write(msgspec.msgpack.encode(reader.compiled))
        Path(part.name).replace(kept)
    return reader


def _cache_folder() -> Path:
    """Where compiled dictionaries are kept (XDG base directory specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "galien"


@lru_cache(maxsize=1)
def shipped_understanding() -> Understanding:
    """With the lexicon that Galien ships; made once a process."""
    return Understanding(shipped())


def understanding_of(workspace: Path) -> Understanding:
    """With what the hospital added in its workspace, and the terminologies installed there.

    Raises
    ------
    WorkspaceError
        One of its files is not in the layout.
    """
    files = files_of(workspace)
    known = terminologies.installed(workspace)
    if known:
        # A file that changes means another lexicon, as does a terminology that comes, goes or changes.
        return _whole(workspace, tuple(item.sha256 for item in known), _stamps(files))
    return _extended(_stamps(files)) if files else shipped_understanding()


@lru_cache(maxsize=2)
def _extended(files: tuple[tuple[Path, int], ...]) -> Understanding:
    hospital = taught([file for file, _ in files])
    lexicon = shipped().extended(hospital.concepts)
    return Understanding(lexicon, _reader(lexicon, hospital))


@lru_cache(maxsize=1)
def _whole(workspace: Path, sha256: tuple[str, ...], files: tuple[tuple[Path, int], ...]) -> Understanding:
    hospital = taught([file for file, _ in files])
    lexicon = terminologies.whole_of(workspace, tables_of(workspace))
    reader = Reader(lexicon, hospital.titles, terminologies.dictionaries(lexicon), hospital.grammars)
    return Understanding(lexicon, reader)


def _stamps(files: list[Path]) -> tuple[tuple[Path, int], ...]:
    return tuple((file, file.stat().st_mtime_ns) for file in files)


def tables_of(workspace: Path) -> list[Path]:
    """The hospital's own tables of names."""
    return [file for file in files_of(workspace) if file.suffix == ".tsv"]


def compile_terminologies(workspace: Path, progress: terminologies.Progress = terminologies.silent) -> None:
    """Make now what `understanding_of` would make at its first call."""
    if terminologies.installed(workspace):
        terminologies.whole_of(workspace, tables_of(workspace), progress)
