"""Questions on one patient: understood (`questions`), answered from the record (`answering`), told (`wording`)."""

from galien.query.asking.answering import Answering
from galien.query.asking.dossier import Dossier
from galien.query.asking.questions import Questions

__all__ = ["Answering", "Dossier", "Questions"]
