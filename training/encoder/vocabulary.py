"""The pieces of the bilingual vocabulary.

Whole words first: those of the material seen often enough, and the English words of the teacher. What is left of rare
words is covered by pieces that a WordPiece trainer finds in both languages together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from galien.meaning.pieces import words


def counts(texts: Iterable[str]) -> Counter[str]:
    """How often each folded word occurs."""
    found: Counter[str] = Counter()
    for text in texts:
        found.update(words(text))
    return found


def build(english: Counter[str], french: Counter[str], teacher: Iterable[str], size: int, pieces: int) -> list[str]:
    """The vocabulary, at most ``size`` entries.

    Parameters
    ----------
    english, french : Counter
        Words of the material with their numbers.
    teacher : iterable of str
        The teacher's vocabulary: its plain words are kept, because general English is learnt from nowhere else here.
    pieces : int
        How many pieces the trainer makes.
    """
    together = english + french
    trainer = trainers.WordPieceTrainer(
        vocab_size=pieces, min_frequency=2, show_progress=False, special_tokens=["[UNK]"]
    )
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    # Frequent words are entries of their own already: the square root leaves room for the parts of rare ones.
    spread = (word for word, n in sorted(together.items()) for _ in range(max(1, round(n**0.5))))
    tokenizer.train_from_iterator(spread, trainer)
    made = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    kept = dict.fromkeys(
        p for p, _ in made if p != "[UNK]" and p.removeprefix("##").isascii() and p.removeprefix("##").isalnum()
    )
    kept.update(dict.fromkeys("abcdefghijklmnopqrstuvwxyz0123456789"))
    kept.update(dict.fromkeys(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz0123456789"))
    plain = [w for w in teacher if w.isascii() and w.isalpha() and len(w) > 1 and w == w.lower()]
    # A word of the teacher comes in as if it had been seen twice.
    ranked = together + Counter(dict.fromkeys(plain, 2))
    for word, n in sorted(ranked.items(), key=lambda item: (-item[1], item[0])):
        if len(kept) >= size or n < 2:
            break
        if len(word) > 1 and not word.isdigit():
            kept[word] = None
    return list(kept)
