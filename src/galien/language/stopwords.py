"""Words that a query never requires; they are indexed all the same, for phrases."""

from __future__ import annotations

FRENCH = frozenset(
    [
        "a",
        "à",
        "au",
        "aux",
        "avec",
        "ayant",
        "c",
        "ce",
        "ceci",
        "cela",
        "ces",
        "cet",
        "cette",
        "chez",
        "d",
        "dans",
        "de",
        "depuis",
        "des",
        "du",
        "elle",
        "elles",
        "en",
        "entre",
        "est",
        "et",
        "eu",
        "été",
        "il",
        "ils",
        "j",
        "je",
        "l",
        "la",
        "le",
        "les",
        "leur",
        "leurs",
        "lors",
        "lui",
        "m",
        "ma",
        "mais",
        "me",
        "mes",
        "mon",
        "n",
        "ne",
        "nos",
        "notre",
        "nous",
        "on",
        "ont",
        "ou",
        "où",
        "par",
        "pas",
        "pour",
        "qu",
        "que",
        "quel",
        "quelle",
        "qui",
        "s",
        "sa",
        "se",
        "selon",
        "ses",
        "si",
        "son",
        "sont",
        "sous",
        "sur",
        "t",
        "ta",
        "te",
        "tes",
        "toi",
        "ton",
        "tu",
        "un",
        "une",
        "vos",
        "votre",
        "vous",
        "y",
        "avait",
        "avoir",
        "était",
        "être",
        "fait",
        "ainsi",
        "aussi",
        "donc",
        "dont",
    ]
)
ENGLISH = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "i",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "not",
        "of",
        "on",
        "or",
        "our",
        "she",
        "so",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "was",
        "we",
        "were",
        "what",
        "when",
        "which",
        "who",
        "will",
        "with",
        "you",
        "your",
    ]
)
_FOLDED = {word.translate(str.maketrans("àéèêùûôîïç", "aeeeuuoiic")) for word in FRENCH} | ENGLISH


def is_stop_word(word: str) -> bool:
    """Whether an exact form (folded) is a stop word of either language.

    >>> is_stop_word("avec"), is_stop_word("prothese")
    (True, False)
    """
    return word in _FOLDED


# Of questions and messages: what they are made of, not what they are about.
QUESTION = frozenset(
    """
    about also am any anybody anyone anything appreciate ask asked asking because being can come comes could dear did
    do does doing done either else ever every find get gets getting give given gives go goes going got hello help
    helping helps hi how id if im information info ive just kindly know knows like look looking made make makes
    making many may maybe mean means might mine more most much must myself need needs never no now one only or other
    others please possible question questions really regards said say says see shall should sir some somebody
    someone something still such suggest suggestions take takes taking tell tells than thank thanks there thing
    things too tried tries try trying two understand us use used using very want wanted wants way were what when
    where which while whom whose why will wonder wondering would
    aimerais alors aussi autre autres beaucoup bonjour comme comment deja encore faire faut ici jamais
    laquelle lequel merci meme peu peut peuvent plus pourquoi pourriez pouvez puis quand quelle quelles quels quoi
    savoir svp toujours tous tout toute toutes tres veux voudrais vraiment
    """.split()
)


def is_question_word(word: str) -> bool:
    """Whether an exact form only serves to ask.

    >>> is_question_word("comment"), is_question_word("douleur")
    (True, False)
    """
    return word in QUESTION
