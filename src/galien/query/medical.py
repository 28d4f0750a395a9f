"""Medical language to a typed query, and back: what a clinician types, in French, in English, or in both.

Nothing is dropped in silence: what is not understood stays as plain words (`Understood.words`), a
misspelling that was put right is said (`Understood.corrected`), and a name with several senses lists
the others (`Piece.others`). How criteria combine: a comma, *et*, *avec* ask for all; *ou* joins its two
neighbours; *sans* denies the next criterion, or the next group joined by *ou*; a relation of time binds the
criterion before it and the one after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any as AnyValue

import msgspec

from galien.language.detection import detect
from galien.language.reading import Knowledge, Reader
from galien.language.words import Words
from galien.query import compact
from galien.query.criteria import (
    Age,
    All,
    Concept,
    Counted,
    DocumentKind,
    Kind,
    Lapse,
    Node,
    Not,
    Period,
    Picked,
    Related,
    Relation,
    Sex,
    Text,
    either,
    joined,
)
from galien.query.grammar import (
    AGE_WORDS,
    DENIED_AFTER,
    DOCUMENT_WORDS,
    FAMILY_AFTER,
    HEDGED_AFTER,
    PICK,
    age_at,
    count_at,
    period_at,
    phrases,
    plain_of,
    relation_at,
    stay_at,
    value_at,
)

_Named = tuple[int, tuple[str, ...], str]
"""Where a name ends, what it may mean, and what was typed where it was misspelt."""
_MOST_RESPELT = 4
_EXPLICIT = ("analyte", "kind", "sex", "aop", "since", "document", "stay", "qservice", "service")


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the query that was understood as one criterion.

    ``others`` are the other senses that the words have; ``corrected`` what was typed where it was misspelt.
    """

    start: int
    end: int
    node: Node
    negated: bool = False
    others: tuple[str, ...] = ()
    corrected: str = ""


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """A query as understood.

    ``words`` are what was not understood, searched as they are.
    """

    text: str
    query: Node
    pieces: tuple[Piece, ...]
    words: tuple[str, ...] = ()

    @property
    def clinical(self) -> bool:
        """Whether anything but plain words was found."""
        return any(not isinstance(piece.node, Text) for piece in self.pieces)


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    start: int
    end: int
    node: Node | None = None
    relation: Relation | None = None
    low: Lapse | None = None
    high: Lapse | None = None
    again: bool = False
    """A stay that follows another: *réhospitalisé*."""
    which: str = ""
    least: int = 0
    others: tuple[str, ...] = ()
    corrected: str = ""


class Interpreter:
    """Understands queries with a lexicon.

    Parameters
    ----------
    reader : Reader
    knowledge : Knowledge
    """

    def __init__(self, reader: Reader, knowledge: Knowledge) -> None:
        self._reader = reader
        self._knowledge = knowledge
        self._words = phrases()

    def understand(self, text: str) -> Understood:
        """Understand a query; whatever is typed is read."""
        plain = plain_of(text)
        items = self._items(text, plain)
        tree = _Tree(items)
        pieces = tuple(
            Piece(start=i.start, end=i.end, node=i.node, negated=n, others=i.others, corrected=i.corrected)
            for i, n in tree.leaves
            if i.node is not None
        )
        words = tuple(p.node.text for p in pieces if isinstance(p.node, Text) and not p.node.phrase)
        return Understood(text=text, query=tree.query, pieces=pieces, words=words)

    def names(self, text: str) -> list[tuple[int, int]]:
        """Where a text names concepts and kinds of documents, or says whose or how sure the next one is."""
        plain = plain_of(text)
        spans = [(start, named[0]) for start, named in self._mentions(text).items()]
        for word in re.finditer(r"\w+", plain):
            ends = [self._phrase(plain, word.start(), kind) for kind in ("documents", "family", "hedged")]
            if any(ends):
                spans.append((word.start(), max(ends)))
        return spans

    def kind(self, id: str) -> Kind | None:
        """What kind of criterion a concept makes; ``None`` for one that makes none."""
        concept = self._knowledge.get(id)
        return concept.kind if concept is not None and concept.kind != "code" else None

    # -- from text to items

    def _items(self, text: str, plain: str) -> list[_Item]:
        mentions = self._mentions(text)
        items: list[_Item] = []
        at = 0
        while at < len(plain):
            if plain[at].isspace():
                at += 1
                continue
            item = self._next(text, plain, at, mentions)
            if item.end <= at:
                item = msgspec.structs.replace(item, end=at + 1)
            if item.kind != "noise":
                items.append(item)
            at = item.end
        return items

    def _next(self, text: str, plain: str, at: int, mentions: Mapping[int, _Named]) -> _Item:
        quoted = re.compile(r'"([^"]+)"|«\s*([^»]+?)\s*»').match(text, at)
        if quoted:
            inside = quoted.group(1) or quoted.group(2)
            return _Item(kind="criterion", start=at, end=quoted.end(), node=Text(inside, phrase=True))
        if plain[at] in "()":
            return _Item(kind="open" if plain[at] == "(" else "close", start=at, end=at + 1)
        explicit = _explicit(text, at)
        if explicit is not None:
            return explicit
        found = (
            _relation(plain, at)
            or _timed(period_at(plain, at), at)
            or _timed(age_at(plain, at), at)
            or _count(plain, at)
            or _stay(plain, at)
            or self._prefix(text, plain, at, mentions)
        )
        if found is not None:
            return found
        listed = self._word(plain, at)
        mention = mentions.get(at)
        document = listed is not None and isinstance(listed.node, DocumentKind)
        if mention is not None and (
            listed is None or mention[0] > listed.end or (mention[0] == listed.end and not document)
        ):
            return self._criterion(text, plain, at, self._longer(text, plain, at, mention, mentions))
        if listed is not None:
            return listed
        return self._unknown(text, plain, at, mentions)

    def _mentions(self, text: str) -> dict[int, _Named]:
        """Names in either language, by where they begin: the longest wins."""
        words = Words(text)
        best: dict[int, _Named] = {}
        around = set(words.forms)
        named = {language: self._named(words, language) for language in ("fr", "en")}
        # Where a name means different things, the language in which more of the query makes sense decides.
        covered = {language: sum(end - start for start, end, _ in found) for language, found in named.items()}
        first = (
            "en" if covered["en"] > covered["fr"] or (covered["en"] == covered["fr"] and detect(text) == "en") else "fr"
        )
        for language in (first, "fr" if first == "en" else "en"):
            for start, end, names in named[language]:
                known = best.get(start)
                if known is None or end > known[0]:
                    best[start] = (end, names, "")
                elif end == known[0]:
                    best[start] = (end, tuple(dict.fromkeys((*known[1], *names))), "")
        best = {
            start: (end, self._reader.senses(names, text[start:end], around), typed)
            for start, (end, names, typed) in best.items()
        }
        # A name inside a longer one is not a name of its own.
        reach = previous = 0
        kept: dict[int, _Named] = {}
        for start in sorted(best):
            if start >= reach:
                kept[start] = best[start]
                reach = best[start][0]
            elif best[start][0] > reach and best[start][0] - start > reach - previous:
                del kept[previous]
                kept[start] = best[start]
                reach = best[start][0]
            else:
                continue
            previous = start
        return kept

    def _named(self, words: Words, language: str) -> list[tuple[int, int, tuple[str, ...]]]:
        """Names of one language; parts of the body are no criteria."""
        found = []
        for item in self._reader.finder(language).find(words, typed=True):
            concepts = tuple(id for id in item.concepts if (c := self._knowledge.get(id)) and c.kind != "body")
            if concepts and not item.parts:
                found.append((words.starts[item.first], words.ends[item.last - 1], concepts))
        return found

    def _criterion(self, text: str, plain: str, at: int, mention: _Named) -> _Item:
        end, concepts, corrected = mention
        kinds = {id: found.kind for id in concepts if (found := self._knowledge.get(id))}
        analyte = next((id for id in concepts if kinds[id] == "analyte"), None)
        value = value_at(plain, text, end, analyte) if analyte else None
        if value is not None and analyte:
            # A number follows: of several senses, the measured one is meant.
            concepts = (analyte, *(id for id in concepts if id != analyte))
        concept = self._knowledge.get(concepts[0])
        assert concept is not None
        others = concepts[1:]
        if concept.kind == "analyte" and value is not None:
            return _Item(kind="criterion", start=at, end=value[1], node=value[0], others=others, corrected=corrected)
        node = Concept(concept.id, concept.kind)  # type: ignore[arg-type]
        for pattern, said in ((FAMILY_AFTER, "family"), (HEDGED_AFTER, "hedged"), (DENIED_AFTER, "denied")):
            after = pattern.match(plain, end)
            if after:
                asked = Concept(concept.id, concept.kind, said)  # type: ignore[arg-type]
                return _Item(
                    kind="criterion", start=at, end=after.end(), node=asked, others=others, corrected=corrected
                )
        return _Item(kind="criterion", start=at, end=end, node=node, others=others, corrected=corrected)

    def _prefix(self, text: str, plain: str, at: int, mentions: Mapping[int, AnyValue]) -> _Item | None:
        """Words that say how the next criterion is meant: *suspicion de*, *antécédent familial de*, *dernière*."""
        for said in ("family", "hedged", "denied"):
            end = self._phrase(plain, at, said)
            if end:
                begin = end
                while begin < len(plain) and (plain[begin].isspace() or self._phrase(plain, begin, "articles")):
                    begin = self._phrase(plain, begin, "articles") or begin + 1
                # A longer name may begin among those words: "family *history of cancer*".
                inside = (mentions[start] for start in range(at + 1, begin) if start in mentions)
                mention = mentions.get(begin) or next((named for named in inside if named[0] > begin), None)
                if mention is not None:
                    item = self._criterion(text, plain, begin, mention)
                    if isinstance(item.node, Concept):
                        node = Concept(item.node.id, item.node.kind, said)
                        return msgspec.structs.replace(item, start=at, node=node)
        picked = PICK.match(plain, at)
        if picked:
            return _Item(kind="pick", start=at, end=picked.end(), which="last" if picked["last"] else "first")
        return None

    def _word(self, plain: str, at: int) -> _Item | None:
        best: _Item | None = None
        for kind in ("or", "and", "not", "noise"):
            end = self._phrase(plain, at, kind)
            if end and (best is None or end > best.end):
                best = _Item(kind=kind, start=at, end=end)
        for sex, words in (("female", "sex female"), ("male", "sex male")):
            end = self._phrase(plain, at, words)
            if end and (best is None or end >= best.end):
                best = _Item(kind="criterion", start=at, end=end, node=Sex(sex))  # type: ignore[arg-type]
        end = self._phrase(plain, at, "ages")
        if end and (best is None or end >= best.end):
            age = AGE_WORDS[plain[at:end]]
            best = _Item(kind="criterion", start=at, end=end, node=age)
        end = self._phrase(plain, at, "documents")
        if end and (best is None or end > best.end):
            node = DocumentKind(DOCUMENT_WORDS[plain[at:end]])
            best = _Item(kind="criterion", start=at, end=end, node=node)
        return best

    def _phrase(self, plain: str, at: int, kind: str) -> int:
        """Where the longest listed phrase of a kind that begins here ends; 0 for none."""
        for phrase in self._words[kind].get(plain[at], ()):
            end = at + len(phrase)
            if plain.startswith(phrase, at) and (
                end >= len(plain) or not plain[end].isalnum() or not phrase[-1].isalnum()
            ):
                return end
        return 0

    def _longer(
        self,
        text: str,
        plain: str,
        at: int,
        mention: _Named,
        mentions: Mapping[int, AnyValue],
    ) -> _Named:
        """A longer name that a slip in the next word hides: *psoriatic arthirtis*."""
        following = re.compile(r"\s+(?=[^\W\d_])").match(text, mention[0])
        if following is None or following.end() in mentions or self._word(plain, following.end()) is not None:
            return mention
        for corrected, length in self._corrections(text, at):
            found = self._mentions(corrected).get(0) if at + length > mention[0] else None
            if found is not None and found[0] == len(corrected):
                return at + length, found[1], text[at : at + length]
        return mention

    def _unknown(self, text: str, plain: str, at: int, mentions: Mapping[int, AnyValue]) -> _Item:
        """A word that says nothing to us: put right if it is a slip, else kept as it is."""
        match = re.compile(r"\d+[.,]\d+|[\w%°µ.+*/'’~-]*[\w%*~]|\S").match(text, at)
        assert match is not None
        word = match.group()
        if not any(c.isalnum() for c in word):
            return _Item(kind="noise", start=at, end=match.end())
        for corrected, length in self._corrections(text, at):
            again = self._mentions(corrected)
            mention = again.get(0)
            if mention is not None and mention[0] == len(corrected):
                return self._criterion(text, plain, at, (at + length, mention[1], text[at : at + length]))
        return _Item(kind="criterion", start=at, end=match.end(), node=Text(word))

    def _corrections(self, text: str, at: int) -> Iterator[tuple[str, int]]:
        """Texts that the next words may stand for, and how many characters they replace."""
        run = re.compile(r"[^\W\d_]+(?:[ '-][^\W\d_]+){0,4}").match(text, at)
        if run is None:
            return
        words = list(re.finditer(r"[^\W\d_]+", run.group()))
        for count in range(min(len(words), _MOST_RESPELT), 0, -1):
            piece = run.group()[: words[count - 1].end()]
            for spelt in self._reader.respelt(piece):
                yield spelt, len(piece)


class _Tree:
    """Items to a tree, by the precedence of medical language."""

    def __init__(self, items: list[_Item]) -> None:
        self._items = items
        self._at = 0
        self.leaves: list[tuple[_Item, bool]] = []
        parts: list[Node] = []
        while self._at < len(items):
            before = self._at
            part = self._every(negated=False)
            if part is not None:
                parts.append(part)
            if self._at == before:
                self._at += 1  # a stray parenthesis or relation
        self.query = joined(parts) if parts else All()

    def _kind(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._items[at].kind if at < len(self._items) else ""

    def _every(self, *, negated: bool) -> Node | None:
        parts: list[Node] = []
        while self._kind() not in ("", "close"):
            before = self._at
            if self._kind() in ("and", "or"):
                self._at += 1
                continue
            part = self._related(negated=negated)
            if part is not None:
                parts.append(part)
            if self._at == before:
                break
        return joined(parts) if parts else None

    def _related(self, *, negated: bool) -> Node | None:
        if self._kind() == "not":
            self._at += 1
            while self._kind() == "not":  # "et ni", "sans aucun"
                self._at += 1
            part = self._related(negated=not negated)
            return Not(part) if part is not None else None
        left = self._choice(negated=negated)
        while left is not None and self._kind() == "relation":
            item = self._items[self._at]
            self._at += 1
            if item.relation == "after" and item.low is None and self.leaves[-1][0].again:
                # To come back is another stay: the one of the event itself began on its day, or before.
                item = msgspec.structs.replace(item, low=Lapse(1, "d"))
            right = self._choice(negated=negated)
            if right is None:
                break
            assert item.relation is not None
            left = Related(item.relation, left, right, item.low, item.high)
        return left

    def _choice(self, *, negated: bool) -> Node | None:
        if self._kind() in ("pick", "count"):
            item = self._items[self._at]
            self._at += 1
            part = self._choice(negated=negated)
            return _wrapped(item, part)
        choices = [self._one(negated=negated)]
        while self._kind() == "or":
            ahead = 1
            while self._kind(ahead) in ("and", "or"):
                ahead += 1
            if self._kind(ahead) not in ("criterion", "open", "pick", "count", "not"):
                break
            self._at += ahead
            if self._kind() == "not":
                self._at += 1
                denied = self._one(negated=not negated)
                choices.append(Not(denied) if denied is not None else None)
            else:
                choices.append(self._one(negated=negated))
        real = [choice for choice in choices if choice is not None]
        return either(real) if real else None

    def _one(self, *, negated: bool) -> Node | None:
        if self._at >= len(self._items):
            return None
        item = self._items[self._at]
        if item.kind == "criterion":
            self._at += 1
            self.leaves.append((item, negated))
            return item.node
        if item.kind == "open":
            self._at += 1
            inside = self._every(negated=negated)
            if self._kind() == "close":
                self._at += 1
            return inside
        if item.kind in ("pick", "count"):
            self._at += 1
            part = self._one(negated=negated)
            return _wrapped(item, part)
        return None


def _wrapped(item: _Item, part: Node | None) -> Node | None:
    """The first, the last, or so many of a part that has events."""
    if part is None or isinstance(part, Sex | Age | Period | Text):
        return part
    return Picked(item.which, part) if item.kind == "pick" else Counted(item.least, part)  # type: ignore[arg-type]


def _explicit(text: str, at: int) -> _Item | None:
    """A criterion or a relation of the explicit syntax."""
    match = compact.TOKEN.match(text, at)
    if match is None or match.start() != at or (at and text[at - 1].isalnum()):
        return None
    if match["relation"]:
        relation, low, high = compact.relation_of(match)
        return _Item(kind="relation", start=at, end=match.end(), relation=relation, low=low, high=high)
    if match["pick"] or match["count"]:
        kind = "pick" if match["pick"] else "count"
        least = int(match["least"] or 0)
        return _Item(kind=kind, start=at, end=match.end(), which=(match["pick"] or "").lower(), least=least)
    if any(
        match[name] is not None
        for name in ("analyte", "kind", "sex", "aop", "since", "document", "stay", "qservice", "service")
    ):
        if match["aop"] and not text.startswith("age", at):
            return None
        return _Item(kind="criterion", start=at, end=match.end(), node=compact.leaf_of(match))
    return None


def _relation(plain: str, at: int) -> _Item | None:
    found = relation_at(plain, at)
    if found is None:
        return None
    (relation, low, high), end = found
    return _Item(kind="relation", start=at, end=end, relation=relation, low=low, high=high)


def _timed(found: tuple[Age | Period, int] | None, at: int) -> _Item | None:
    return _Item(kind="criterion", start=at, end=found[1], node=found[0]) if found else None


def _stay(plain: str, at: int) -> _Item | None:
    found = stay_at(plain, at)
    if found is None:
        return None
    node, again, end = found
    return _Item(kind="criterion", start=at, end=end, node=node, again=again)


def _count(plain: str, at: int) -> _Item | None:
    found = count_at(plain, at)
    return _Item(kind="count", start=at, end=found[1], least=found[0]) if found else None
