"""Which encoder a workspace uses: the shipped one, a given folder, or none."""

from __future__ import annotations

from pathlib import Path

from galien.meaning.contextual import ContextualEncoder
from galien.meaning.folder import FolderEncoder
from galien.meaning.port import Encoder
from galien.meaning.static import StaticEncoder
from galien.model.errors import NotFound

NONE = "none"
LOST = {
    "fr": "Sans encodeur, Galien cherche par les mots, les synonymes et les codes qu'il connaît : un texte qui dit la "
    "même chose autrement, ou dans l'autre langue avec des mots hors lexique, n'est pas trouvé.",
    "en": "Without an encoder, Galien searches by the words, synonyms and codes it knows: a text that says the same "
    "thing otherwise, or in the other language with words outside the lexicon, is not found.",
}
"""What a search loses without an encoder, for pages and commands."""


def chosen(setting: str = "", *, threads: int = 2) -> Encoder | None:
    """The encoder that a setting names.

    Parameters
    ----------
    setting : str
        ``""``: the shipped one. ``none``: no encoder, and vectors are neither made nor searched (see `LOST`). Else the
        path of a folder: one written by ``training/encoder/``, or a sentence-transformers model with its ONNX graph.
    threads : int
        For the ONNX graph of a given folder.

    Raises
    ------
    NotFound
        No such folder.
    MissingExtra, UnsupportedInput
        See `galien.meaning.folder.FolderEncoder`.

    >>> chosen("none") is None
    True
    """
    if setting == NONE:
        return None
    if not setting:
        from galien.meaning import shipped

        return shipped()
    folder = Path(setting)
    if not folder.is_dir():
        raise NotFound("the encoder's folder is not there", hint="Check `[encoder] path` in the configuration.")
    if (folder / "weights.npz").exists():
        return ContextualEncoder(folder)
    if (folder / "vectors.npy").exists():
        return StaticEncoder(folder)
    return FolderEncoder(folder, threads=threads)
