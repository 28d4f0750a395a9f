"""Retrieval by vectors alone, and fused with BM25: ``python benches/encoder.py --data FOLDER``.

Settings were chosen on *dev*: MED-1033, LiveQA-Med and one half of the NFCorpus queries (by a hash of their ids).
*test* is the other half, asked for by ``--test`` only; *full* is both halves, to compare with published figures.
BM25 is bm25s (Robertson, Snowball English, its English stop words). Fusion is by reciprocal rank (Cormack et al.
2009), k = 60, weights as said. French queries are those of NFCorpus said in French, on its English documents.
A peer is a folder of a sentence-transformers model with its ONNX graph: ``--peer FOLDER``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from galien.meaning import Encoder, shipped
from galien.meaning.folder import FolderEncoder
from galien.meaning.vectors import VectorStore

HERE = Path(__file__).parent
SETS = {"nfcorpus": "NFCorpus-3395", "med1033": "MED-1033", "liveqa_medquad": "LiveQA-Med"}
Ranking = list[str]
_DEPTH = 1000


def half(query: str) -> str:
    """``dev`` or ``test``, by a hash of the id."""
    return "dev" if hashlib.sha256(f"galien:{query}".encode()).digest()[0] % 2 == 0 else "test"


class Collection:
    """Documents, judged queries and judgments of one set, in the layout of BEIR."""

    def __init__(self, folder: Path) -> None:
        documents = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()]
        self.ids = [document["_id"] for document in documents]
        self.texts = [f"{document.get('title', '')} {document['text']}".strip() for document in documents]
        self.judged: dict[str, dict[str, int]] = {}
        for line in (folder / "qrels/test.tsv").read_text("utf-8").splitlines():
            query, document, grade = line.split("\t")
            if query != "query-id":
                self.judged.setdefault(query, {})[document] = int(grade)
        lines = (json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines())
        self.queries = {item["_id"]: item["text"] for item in lines if item["_id"] in self.judged}
        self.french: dict[str, str] = {}
        if (folder / "queries_fr.tsv").exists():
            rows = [line.split("\t") for line in (folder / "queries_fr.tsv").read_text("utf-8").splitlines()[1:]]
            self.french = {row[0]: row[1] for row in rows if row[0] in self.judged}


def measure(ranking: Ranking, judged: dict[str, int]) -> tuple[float, float]:
    """nDCG@10 (gain = grade) and recall at 100."""
    gains = [judged.get(document, 0) for document in ranking[:10]]
    best = sorted((grade for grade in judged.values() if grade > 0), reverse=True)[:10]
    dcg = sum(gain / np.log2(at + 2) for at, gain in enumerate(gains))
    ideal = sum(gain / np.log2(at + 2) for at, gain in enumerate(best))
    right = {document for document, grade in judged.items() if grade > 0}
    return float(dcg / ideal) if ideal else 0.0, len(right & set(ranking[:100])) / max(1, len(right))


def fused(first: Ranking, second: Ranking, weights: tuple[float, float] = (1.0, 1.0)) -> Ranking:
    """Reciprocal ranks, summed."""
    scores: dict[str, float] = {}
    for ranking, weight in zip((first, second), weights, strict=True):
        for at, document in enumerate(ranking):
            scores[document] = scores.get(document, 0.0) + weight / (61 + at)
    return sorted(scores, key=lambda document: -scores[document])


def by_words(collection: Collection, queries: Sequence[str]) -> list[Ranking]:
    """BM25; documents without a word of the query are left out."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    index = bm25s.BM25()
    index.index(
        bm25s.tokenize(collection.texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False
    )
    asked = bm25s.tokenize(list(queries), stopwords="en", stemmer=stemmer, show_progress=False)
    rows, scores = index.retrieve(asked, k=min(_DEPTH, len(collection.ids)), show_progress=False)
    return [
        [collection.ids[row] for row, score in zip(found, theirs, strict=True) if score > 0]
        for found, theirs in zip(rows, scores, strict=True)
    ]


def by_meaning(collection: Collection, documents: np.ndarray[Any, Any], queries: np.ndarray[Any, Any]) -> list[Ranking]:
    """Nearest first."""
    orders = np.argsort(-(queries @ documents.T), axis=1, kind="stable")[:, :_DEPTH]
    return [[collection.ids[row] for row in order] for order in orders]


def speed(encoder: Encoder, texts: Sequence[str]) -> dict[str, float]:
    """Texts a second and milliseconds a query; elapsed, and of processor (what a busy machine does not change)."""
    short = [text[:60] for text in texts][:600]
    encoder.encode(short[:20])
    began, spent = time.perf_counter(), time.process_time()
    encoder.encode(short)
    made = {"short texts/s": len(short) / (time.perf_counter() - began)}
    made["short texts per CPU second"] = len(short) / (time.process_time() - spent)
    began, spent = time.perf_counter(), time.process_time()
    encoder.encode(texts[:100])
    made["documents/s"] = 100 / (time.perf_counter() - began)
    made["documents per CPU second"] = 100 / (time.process_time() - spent)
    times = []
    for text in short[:100]:
        began = time.perf_counter()
        encoder.encode([text], "query")
        times.append(1000 * (time.perf_counter() - began))
    made["ms a query (p50)"] = float(np.median(times))
    return {name: round(value, 2) for name, value in made.items()}


def store(count: int, dims: int) -> dict[str, Any]:
    """The store of vectors, on made vectors of a real-like geometry; the peers are numpy on everything, and FAISS."""
    random = np.random.default_rng(0)
    directions = random.standard_normal((64, dims)) / np.sqrt(np.arange(1, 65))[:, None]
    made = random.standard_normal((count, 64)) @ directions + 0.3 * random.standard_normal((count, dims))
    made = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
    asked = made[:100] + 0.04 * random.standard_normal((100, dims)).astype(np.float32)
    asked = (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        kept = VectorStore(Path(folder), dims, "made")
        kept.apply(1, [str(n) for n in range(count)], made)
        results["write s"] = round(time.perf_counter() - began, 2)
        began = time.perf_counter()
        snapshot = VectorStore(Path(folder), dims, "made").snapshot()
        results["open s"] = round(time.perf_counter() - began, 2)
        third = np.arange(0, count, 3)
        few = np.arange(0, count, 100)
        for name, among in (("all", None), ("a third", third), ("a hundredth", few)):
            held = np.arange(count) if among is None else among
            results[name] = _timed(
                lambda query, among=among: [int(id) for id, _ in snapshot.search(query, 10, among)],
                asked,
                [held[np.argsort(-(made[held] @ query))[:10]] for query in asked],
            )
        exact = [np.argsort(-(made @ query))[:10] for query in asked]
        results["numpy, all, float32"] = _timed(
            lambda query: np.argpartition(-(made @ query), 10)[:10].tolist(), asked, exact
        )
        try:
            import faiss
        except ImportError:
            return results
        index = faiss.IndexScalarQuantizer(dims, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
        index.train(made[:20_000])
        index.add(made)
        results["FAISS SQ8, all"] = _timed(lambda query: index.search(query[None], 10)[1][0].tolist(), asked, exact)
    return results


def _timed(search: Callable[[Any], list[int]], asked: Any, exact: list[Any]) -> dict[str, float]:
    elapsed, spent, right = [], [], 0
    for query, best in zip(asked, exact, strict=True):
        began, at = time.perf_counter(), time.process_time()
        found = search(query)
        elapsed.append(1000 * (time.perf_counter() - began))
        spent.append(1000 * (time.process_time() - at))
        right += len(set(found) & set(best.tolist()))
    return {
        "p50 ms": round(float(np.median(elapsed)), 2),
        "p95 ms": round(float(np.quantile(elapsed, 0.95)), 2),
        "CPU ms (p50)": round(float(np.median(spent)), 2),
        "recall@10": round(right / (10 * len(exact)), 3),
    }


def _write(results: dict[str, Any]) -> None:
    (HERE / "results/encoder.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def main() -> None:
    """Measure, print a table, write ``results/encoder.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data (retrieval/ inside)")
    parser.add_argument("--peer", type=Path, help="folder of a sentence-transformers model with its ONNX graph")
    parser.add_argument("--test", action="store_true", help="the held-out half too; not while anything is being chosen")
    parser.add_argument("--vectors", type=int, default=300_000, help="size of the store that is timed; 0: none")
    asked = parser.parse_args()
    encoders: dict[str, Encoder] = {"shipped": shipped()}
    if asked.peer:
        encoders["peer"] = FolderEncoder(asked.peer)
    results: dict[str, Any] = {}
    for folder, title in SETS.items():
        collection = Collection(asked.data / "retrieval" / folder)
        parts = {"dev": list(collection.queries)}
        if folder == "nfcorpus":
            parts["dev"] = [query for query in collection.queries if half(query) == "dev"]
            if asked.test:
                parts["test"] = [query for query in collection.queries if half(query) == "test"]
                parts["full"] = list(collection.queries)
        documents = {name: encoder.encode(collection.texts) for name, encoder in encoders.items()}
        for part, ids in parts.items():
            words = by_words(collection, [collection.queries[query] for query in ids])
            rankings: dict[str, list[Ranking]] = {"BM25": words}
            for name, encoder in encoders.items():
                vectors = encoder.encode([collection.queries[query] for query in ids], "query")
                near = by_meaning(collection, documents[name], vectors)
                rankings[name] = near
                rankings[f"BM25 + {name}"] = [fused(a, b) for a, b in zip(words, near, strict=True)]
                if collection.french:
                    vectors = encoder.encode([collection.french[query] for query in ids], "query")
                    rankings[f"{name}, French queries"] = by_meaning(collection, documents[name], vectors)
            for name, rows in rankings.items():
                scores = np.mean(
                    [measure(row, collection.judged[query]) for query, row in zip(ids, rows, strict=True)], axis=0
                )
                label = f"{title}, {part}, {len(ids)} queries, {len(collection.ids)} documents"
                results.setdefault(label, {})[name] = {"nDCG@10": round(scores[0], 3), "R@100": round(scores[1], 3)}
                print(f"{label:55} {name:28} nDCG@10 {scores[0]:.3f}  R@100 {scores[1]:.3f}", flush=True)
        _write(results)
        if folder == "nfcorpus":
            for name, encoder in encoders.items():
                results.setdefault("speed", {})[name] = speed(encoder, collection.texts)
                print(f"speed, {name}: {results['speed'][name]}", flush=True)
    if asked.vectors:
        results["store"] = {"vectors": asked.vectors, "dims": shipped().dims, **store(asked.vectors, shipped().dims)}
        print(json.dumps(results["store"], indent=1))
        _write(results)


if __name__ == "__main__":
    main()
