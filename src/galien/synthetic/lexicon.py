"""The written data of the generator: scenarios, sentences, names. Loaded once, read only."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

Language = Literal["fr", "en"]
Table = dict[str, Any]


@lru_cache(maxsize=4)
def table(name: str) -> Table:
    """One TOML file of ``galien/synthetic/data``."""
    return tomllib.loads((files("galien.synthetic") / "data" / f"{name}.toml").read_text("utf-8"))


def scenarios() -> dict[str, Table]:
    """Scenarios by name, in the order of the file."""
    return {name: item for name, item in table("scenarios").items() if "steps" in item}


FAMILIES = (
    "Abadie", "Aubert-Lacaze", "Baudoin", "Ben Youssef", "Besnard", "Bonnefoy", "Bréchet", "Carpentier-Roy",
    "Castagnède", "Chevallier", "Cissé", "Cordonnier", "Costa", "Da Silva", "De La Roche", "Delmas", "Diallo",
    "D'Hérouville", "Dufresne", "Étienne", "Fauconnier", "Ferrand", "Fofana", "Garrigue", "Giraudeau", "Goasdoué",
    "Guézennec", "Haddad", "Hernandez", "Hoarau", "Jaubert", "Kerbrat", "Kowalczyk", "Labrousse", "Lamoureux",
    "Le Bihan", "Lefèvre", "Leroy-Martin", "L'Huillier", "Maréchal", "Mazières", "Mercadier", "Nguyen", "N'Guessan",
    "Noël", "O'Brien", "Ouazzani", "Pélissier", "Petitjean", "Poulain", "Quéméner", "Rakotomalala", "Raoult",
    "Rivière", "Rousselot", "Saint-Aubin", "Sauvageot", "Schneider", "Tanguy", "Teixeira", "Thibault", "Traoré",
    "Vasseur", "Verdier", "Vialatte", "Wagner", "Weissmann", "Yılmaz", "Zimmermann", "Zouaoui",
)  # fmt: skip
GIVEN: dict[str, tuple[str, ...]] = {
    "female": (
        "Adèle", "Agathe", "Aïcha", "Anne-Sophie", "Bérénice", "Camille", "Catherine", "Chloé", "Danièle", "Éliane",
        "Fatoumata", "Françoise", "Geneviève", "Hélène", "Inès", "Jacqueline", "Jeannine", "Josiane", "Léa", "Louise",
        "Maëlle", "Marie-Thérèse", "Michèle", "Monique", "Nadège", "Odette", "Pauline", "Renée", "Solène", "Suzanne",
        "Thérèse", "Valérie", "Yvette", "Zoé",
    ),
    "male": (
        "Abdoulaye", "Aimé", "Alain", "André", "Benoît", "Bertrand", "Cédric", "Claude", "Daniel", "Édouard", "Félix",
        "François", "Gérard", "Gaël", "Hervé", "Ibrahim", "Jean-Pierre", "Joël", "Karim", "Lucien", "Loïc", "Marcel",
        "Maurice", "Mickaël", "Noé", "Olivier", "Pierre-Yves", "Raphaël", "Rémi", "Stéphane", "Théo", "Yannick",
    ),
}  # fmt: skip
STREETS = (
    "rue des Tanneurs", "avenue de la Gare", "allée des Tilleuls", "quai de la Lys", "place du Marché", "rue Haute",
    "impasse du Moulin", "boulevard de l'Est", "chemin des Vignes",
)  # fmt: skip
CITIES = (("59190", "Valmont-sur-Lys"), ("59270", "Bellerive"), ("62120", "Saint-Omer-le-Vieux"), ("59181", "Courtelys"))
HOSPITAL = "CHU de Valmont-sur-Lys"
SITES = (
    "Hôpital Saint-Éloi", "Hôpital des Tilleuls", "Hôpital Nord", "Hôpital de la Lys", "Maternité Rose-Bertin",
    "Hôpital cardiologique", "Institut de cancérologie", "Hôpital Roger-Salengre", "Centre de soins de suite Bellerive",
    "Hôpital gériatrique des Vignes", "Clinique neurologique", "Hôpital de la Vision", "Hôpital Sud",
)  # fmt: skip
SERVICES: dict[str, tuple[str, str, int]] = {
    "orthopaedics": ("Chirurgie orthopédique", "Orthopaedic surgery", 0),
    "surgery": ("Chirurgie digestive", "General surgery", 1),
    "gynaecology": ("Gynécologie", "Gynaecology", 4),
    "cardiology": ("Cardiologie", "Cardiology", 5),
    "neurology": ("Neurologie", "Neurology", 10),
    "pulmonology": ("Pneumologie", "Respiratory medicine", 2),
    "internal": ("Médecine interne", "Internal medicine", 3),
    "obstetrics": ("Obstétrique", "Obstetrics", 4),
    "nephrology": ("Néphrologie", "Nephrology", 7),
    "ophthalmology": ("Ophtalmologie", "Ophthalmology", 11),
    "radiology": ("Imagerie médicale", "Radiology", 0),
    "pathology": ("Anatomie pathologique", "Pathology", 6),
    "anaesthesia": ("Anesthésie-réanimation", "Anaesthesia", 0),
    "emergency": ("Urgences", "Emergency department", 2),
    "laboratory": ("Laboratoire de biologie médicale", "Clinical laboratory", 0),
}
"""Service: French name, English name, the site where it stands."""
