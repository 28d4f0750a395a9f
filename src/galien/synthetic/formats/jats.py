"""Short articles about the scenarios, in JATS, plainly marked as synthetic."""

from __future__ import annotations

from datetime import date
from random import Random
from xml.sax.saxutils import escape

from galien.synthetic.lexicon import Language, Table, table
from galien.synthetic.people import doctor
from galien.synthetic.text import unmark

_WORDS = {
    "fr": (
        "{d} : étude rétrospective de {n} patients",
        "Article de synthèse, écrit par un programme. Objectif : décrire la prise en charge de {d}.",
        "Nous avons inclus {n} patients consécutifs. L'âge médian était de {a} ans, {p} % étaient des femmes.",
        "La durée médiane de séjour était de {s} jours. Le traitement le plus fréquent était {t}.",
        "Chez ces patients, la prise en charge de {d} reste hétérogène.",
        ("Introduction", "Méthodes", "Résultats", "Discussion"),
        "Revue fictive de médecine",
    ),
    "en": (
        "{d}: a retrospective study of {n} patients",
        "Synthetic article, written by a program. Objective: to describe the care of {d}.",
        "We included {n} consecutive patients. Median age was {a} years, {p}% were women.",
        "Median length of stay was {s} days. The most frequent treatment was {t}.",
        "In these patients, the care of {d} remains heterogeneous.",
        ("Introduction", "Methods", "Results", "Discussion"),
        "Fictional Journal of Medicine",
    ),
}


def article(name: str, scenario: Table, number: int, language: Language, seed: int) -> bytes:
    """One article about a scenario."""
    random = Random(f"{seed}/article/{name}")
    title, aim, method, result, end, sections, journal = _WORDS[language]
    subject = scenario["diagnosis"][language]
    drug = table("scenarios")["drugs"][scenario["drugs"][0]][language]
    slots = {
        "d": subject,
        "n": random.randint(60, 900),
        "a": random.randint(*scenario["age"]),
        "p": random.randint(35, 65),
        "s": random.randint(2, 12),
        "t": drug,
    }
    said = [unmark(s)[0] for s in table(language)[name].get("follow", [])]
    words = [t.format(**slots) for t in (aim, method, result, end)]
    slotless = [s for s in said if "{" not in s]
    bodies = [words[0], words[1], f"{words[2]} {' '.join(slotless)}", words[3]]
    parts = "".join(f"<sec><title>{t}</title><p>{escape(b)}</p></sec>" for t, b in zip(sections, bodies, strict=True))
    author = doctor(scenario["service"], seed)
    day = date(2020 + number % 6, 1 + number % 12, 1)
    head = title.format(**slots)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<article article-type="research-article" xml:lang="{language}"><front><journal-meta><journal-title-group>'
        f"<journal-title>{journal}</journal-title></journal-title-group></journal-meta><article-meta>"
        f'<article-id pub-id-type="doi">10.99999/galien.synthetic.{number}</article-id><title-group><article-title>'
        f"{escape(head[:1].upper() + head[1:])}</article-title></title-group><contrib-group>"
        '<contrib contrib-type="author"><name>'
        f"<surname>{escape(author.name)}</surname><given-names>{escape(author.given)}</given-names></name></contrib>"
        f"</contrib-group><pub-date><year>{day.year}</year><month>{day.month:02d}</month></pub-date>"
        f"<abstract><p>{escape(' '.join(words))}</p></abstract></article-meta></front><body>{parts}</body></article>\n"
    ).encode()
