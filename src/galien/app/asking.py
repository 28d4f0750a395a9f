"""Questions about one patient: understood, answered from the record, disclosed by the workspace."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

import msgspec
import numpy as np

from galien.app.corpus import StoreCorpus
from galien.app.pages import number_of
from galien.app.understanding import CdmLinks, Understanding
from galien.model.errors import NotFound, UsageError
from galien.model.replies import Ask, Reply
from galien.query.asking import Answering, Dossier, Questions
from galien.query.events import Ints
from galien.query.execution import Execution
from galien.query.medical import Interpreter
from galien.store.identity import root_of
from galien.store.ledger import Ledger
from galien.store.omop.cdm import Cdm
from galien.store.omop.events import OmopEvents
from galien.store.omop.record import PatientRecord
from galien.store.told import Told

_LONGEST = 500


class Asking:
    """Answers questions about one patient of a workspace.

    Parameters
    ----------
    ledger, cdm, told, corpus, understanding, links
        The stores, and what is known of medicine.
    today : callable
        The day on which "dans les 6 derniers mois" ends, injected.
    """

    def __init__(
        self,
        ledger: Ledger,
        cdm: Cdm,
        told: Told,
        corpus: StoreCorpus,
        understanding: Understanding,
        links: CdmLinks,
        today: Callable[[], date],
    ) -> None:
        self._ledger = ledger
        self._cdm = cdm
        self._told = told
        self._corpus = corpus
        self._understanding = understanding
        self._links = links
        self._today = today
        lexicon = understanding.lexicon
        self._questions = Questions(Interpreter(understanding.reader, lexicon), lexicon.descendants("allergy"))

    def reply(self, ask: Ask) -> Reply:
        """The answer to a question about one patient.

        Raises
        ------
        NotFound
            No such patient.
        UsageError
            An identifier of several patients, an empty or endless question.
        """
        began = time.perf_counter()
        if not ask.question.strip():
            raise UsageError("the question is empty", hint="Ask, for instance: last creatinine")
        if len(ask.question) > _LONGEST:
            raise UsageError(f"a question has at most {_LONGEST} characters")
        person = self.person(ask.patient)
        question = self._questions.understand(ask.question, self._today(), ask.language)
        reply = Answering(self._dossier(person), question).reply()
        took = round((time.perf_counter() - began) * 1000, 1)
        return msgspec.structs.replace(reply, snapshot=self._corpus.snapshot(), took_ms=took)

    def person(self, patient: str) -> int:
        """The number of a patient, by public id or by the value of an identifier."""
        db = self._ledger.db
        if patient[:1] == "p" and patient[1:].isdigit():
            root = root_of(db, number_of(patient, "p"))
        else:
            rows = db.execute(
                "SELECT DISTINCT patient_id FROM identifiers WHERE value = ?", (patient.strip(),)
            ).fetchall()
            roots = {root_of(db, row[0]) for row in rows}
            if len(roots) > 1:
                raise UsageError(
                    "this identifier is of several patients", hint="Give the id that the pages show (p12)."
                )
            if not roots:
                raise NotFound("no such patient")
            root = roots.pop()
        if root not in self._corpus.patients([root]):
            raise NotFound("no such patient")
        return root

    def _dossier(self, person: int) -> Dossier:
        events = OmopEvents(self._cdm, self._told, person)
        known = self._understanding
        today = (self._today() - date(1970, 1, 1)).days
        return Dossier(
            person,
            PatientRecord(self._cdm, person),
            events,
            lambda: Execution(events, self._links, known.lexicon, _no_words, today),
            known.lexicon,
            known.reader,
            self._links,
            self._corpus,
        )


def _no_words(text: str, phrase: bool) -> Ints:
    """Plain words are not understood in a question, so that none is ever looked for."""
    return np.empty(0, np.int64)
