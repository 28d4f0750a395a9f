"""Terminologies of a workspace: installed from files or from their publisher, compiled with the lexicon, removed.

Each is kept as ``WORKSPACE/terminologies/NAME/`` (its terms, compressed, and a card that says where they come from).
What they make together with the lexicon is one memory-mapped file beside them, made again whenever one of its
ingredients changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec
import zstandard

from galien.app.hospital import taught
from galien.knowledge import Lexicon, WholeLexicon, shipped, shipped_digest
from galien.knowledge import terminologies as known
from galien.knowledge import whole as form
from galien.knowledge.terminologies import Term
from galien.knowledge.terminologies.joining import Joining
from galien.knowledge.terminologies.nodes import Kept
from galien.language.mentions import CODING, Compiled, TermFinder, words_of
from galien.language.words import Words
from galien.model.concepts import Label
from galien.model.errors import InputError, IntegrityError, NotFound, StorageFull, UsageError, WorkspaceError

FOLDER = "terminologies"
JOINING = 1
"""Number of the way in which terminologies are joined; raised with any change to it."""
_CARD, _TERMS = "card.json", "terms.msgpack.zst"
_TIMEOUT = 30
_BLOCK = 1 << 20
Progress = Callable[[str, int, int | None], None]
"""Told of a step (``read``, ``fetch``, ``join``, ``compile``), how far it is, and of how much if that is known."""


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """The card of an installed terminology.

    Attributes
    ----------
    version : str
        As its files tell; empty when they do not.
    source : str
        Folder, file or address it came from.
    sha256 : str
        Of its files' bytes, in the order of their roles.
    """

    name: str
    vocabulary: str
    version: str
    source: str
    files: tuple[str, ...]
    sha256: str
    installed: str
    licence: str
    citation: str
    terms: int


def silent(step: str, done: int, total: int | None) -> None:
    """For who wants no progress."""


def installed(workspace: Path) -> list[Installed]:
    """The terminologies of a workspace, in the order in which they are joined."""
    found = []
    for name in known.catalogue():
        card = workspace / FOLDER / name / _CARD
        if card.exists():
            found.append(_card(card))
    return found


def _card(path: Path) -> Installed:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Installed)
    except (msgspec.DecodeError, OSError) as error:
        raise IntegrityError(
            f"the card of the terminology {path.parent.name} cannot be read", hint="Install it again, with --from."
        ) from error


def install(
    workspace: Path, name: str, path: Path | None, today: date, progress: Progress = silent
) -> tuple[Installed, bool]:
    """Install a terminology from a folder or a file, or from its publisher; whether anything changed.

    Nothing of the old one is lost before the new one is whole.

    Raises
    ------
    UsageError
        An unknown name; a terminology that only its licence holder may give.
    NotFound
        The folder does not hold it.
    MalformedInput
        Its files are broken.
    InputError
        The publisher cannot be reached.
    """
    about = known.about(name)
    if path is not None:
        return _install(workspace, name, path, str(path.resolve()), today, progress)
    if about.licensed:
        raise UsageError(
            f"{about.en} is not fetched: its licence is yours to accept",
            hint=f"Get it from {about.page}, then: galien terminology install {name} --from FOLDER",
        )
    if not about.files:
        raise UsageError(
            f"{about.en} has no direct address to fetch it from",
            hint=f"Get it from {about.page}, then: galien terminology install {name} --from FOLDER",
        )
    with tempfile.TemporaryDirectory() as folder:
        for address in about.files:
            fetch(address, Path(folder) / address.rsplit("/", 1)[-1], name, progress)
        return _install(workspace, name, Path(folder), about.files[0], today, progress)


def fetch(address: str, to: Path, name: str, progress: Progress = silent) -> None:
    """Fetch a file from its publisher.

    Raises
    ------
    InputError
        Offline, refused, or cut short.
    """
    hint = f"Fetch {address} elsewhere, then: galien terminology install {name} --from FOLDER"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer, to.open("wb") as out:
            length = answer.headers.get("Content-Length")
            total = int(length) if length else None
            done = 0
            while block := answer.read(_BLOCK):
                out.write(block)
                done += len(block)
                progress("fetch", done, total)
    except (OSError, ValueError) as error:
        raise InputError(f"{name} cannot be fetched: its publisher does not answer", hint=hint) from error
    if total is not None and done < total:
        raise InputError(f"{name} was cut short on its way", hint=hint)


def _install(
    workspace: Path, name: str, path: Path, source: str, today: date, progress: Progress
) -> tuple[Installed, bool]:
    about = known.about(name)
    layout, files = known.find(name, path)
    sha256 = _sha256(files.values())
    folder = workspace / FOLDER / name
    if (folder / _CARD).exists():
        before = _card(folder / _CARD)
        if before.sha256 == sha256 and (folder / _TERMS).exists():
            return before, False
    terms = []
    for term in layout.read(files):
        terms.append(term)
        if len(terms) % 1000 == 0:
            progress("read", len(terms), None)
    card = Installed(
        name=name,
        vocabulary=about.vocabulary,
        version=known.version_of(files),
        source=source,
        files=tuple(file.name for file in files.values()),
        sha256=sha256,
        installed=today.isoformat(),
        licence=about.licence,
        citation=about.citation,
        terms=len(terms),
    )
    folder.mkdir(parents=True, exist_ok=True)
    data = zstandard.ZstdCompressor(level=6).compress(msgspec.msgpack.encode(terms))
    _replace(folder / _TERMS, data)
    _replace(folder / _CARD, msgspec.json.format(msgspec.json.encode(card), indent=2))
    return card, True


def remove(workspace: Path, name: str) -> None:
    """Remove an installed terminology.

    Raises
    ------
    NotFound
        It is not installed.
    """
    known.about(name)
    folder = workspace / FOLDER / name
    if not (folder / _CARD).exists():
        raise NotFound(f"{name} is not installed", hint="`galien terminology list` says what is.")
    (folder / _CARD).unlink()
    shutil.rmtree(folder)
    _forget(workspace, "")


def whole_of(workspace: Path, tables: Sequence[Path], progress: Progress = silent) -> WholeLexicon:
    """The lexicon with the installed terminologies; compiled first where that has not been done.

    Parameters
    ----------
    tables : sequence of Path
        The hospital's own.
    """
    fingerprint = _fingerprint(workspace, tables)
    compiled = workspace / FOLDER / f"compiled-{fingerprint}.bin"
    if compiled.exists():
        with suppress(WorkspaceError):
            return WholeLexicon(compiled, fingerprint)
    _compile(workspace, tables, compiled, progress)
    _forget(workspace, fingerprint)
    return WholeLexicon(compiled, fingerprint)


def dictionaries(lexicon: WholeLexicon) -> list[Compiled]:
    """The reader's dictionaries that were compiled with a lexicon."""
    return msgspec.msgpack.decode(lexicon.reader, type=list[Compiled])


def _fingerprint(workspace: Path, tables: Sequence[Path]) -> str:
    digest = hashlib.blake2b(f"{JOINING} {CODING} {shipped_digest()}".encode(), digest_size=12)
    for table in tables:
        digest.update(table.read_bytes())
    for item in installed(workspace):
        digest.update(f"{item.name} {item.sha256} {item.terms}".encode())
    return digest.hexdigest()


def _compile(workspace: Path, tables: Sequence[Path], to: Path, progress: Progress) -> None:
    own = taught(list(tables)).concepts
    # What is called by a code is a term's, and waits for it.
    base = shipped().extended(concept for concept in own if ":" not in concept.id)
    joining = Joining(base, _Speech(base))
    cards = installed(workspace)
    total = sum(card.terms for card in cards)
    before = 0
    for card in cards:
        start = before
        joining.add(_terms(workspace, card.name), lambda done, start=start: progress("join", start + done, total))  # type: ignore[misc]
        before += card.terms
    joining.teach(concept for concept in own if ":" in concept.id)
    progress("compile", 0, None)
    kept = list(joining.joined())
    reader = _finders(kept)
    part = to.with_suffix(f".{os.getpid()}.part")
    try:
        form.write(part, kept, base.clues, reader)
        part.replace(to)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageFull("the compiled terminologies could not be written") from error


def _finders(kept: Sequence[Kept]) -> bytes:
    labels = [label for item in kept for label in form.heard(item)]
    return msgspec.msgpack.encode([TermFinder(labels, language).state for language in ("fr", "en")])


def _terms(workspace: Path, name: str) -> list[Term]:
    try:
        data = (workspace / FOLDER / name / _TERMS).read_bytes()
        return msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(data), type=list[Term])
    except (OSError, zstandard.ZstdError, msgspec.DecodeError) as error:
        raise IntegrityError(
            f"the installed terminology {name} cannot be read",
            hint=f"galien terminology remove {name}, then install it again.",
        ) from error


def _forget(workspace: Path, but: str) -> None:
    """Remove what was compiled of other ingredients; who has it open keeps it until done."""
    for old in (workspace / FOLDER).glob("compiled-*.bin"):
        if old.name != f"compiled-{but}.bin":
            with suppress(OSError):
                old.unlink()


def _replace(path: Path, data: bytes) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageFull("the terminology could not be written") from error


def _sha256(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as data:
            while block := data.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


class _Speech:
    """How texts are read, for who joins names: `galien.knowledge.terminologies.joining.Speech`."""

    def __init__(self, lexicon: Lexicon) -> None:
        labels = list(lexicon.labels())
        self._finders = {language: TermFinder(labels, language) for language in ("fr", "en")}
        self._known: dict[tuple[str, bool, str], tuple[str, ...]] = {}

    def words(self, label: Label, language: str) -> tuple[str, ...]:
        asked = (label.text, label.strict, language)
        found = self._known.get(asked)
        if found is None:
            found = self._known[asked] = tuple(words_of(label, language))
        return found

    def named(self, text: str, language: str) -> list[str]:
        return [id for found in self._finders[language].find(Words(text)) for id in found.concepts]
