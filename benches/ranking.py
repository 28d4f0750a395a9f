"""Ranking bench: public test collections through the real engine, with BM25 (bm25s) in the same run.

    python benches/ranking.py [--only nfcorpus,med1033] [--store FOLDER]

Data: BEIR folders under ``GALIEN_DATA``/retrieval; a set that is absent is skipped, and it is said. Weights were
tuned on MED-1033, LiveQA-Med and the first half of the NFCorpus queries (`galien.evaluation.half_of`); the second
half of NFCorpus and BioASQ were run for the report only. NFCorpus here lacks 238 unjudged documents of the 3,633,
hence its name NFCorpus-3395.

Peer: ``bm25s`` (MIT; ``pip install bm25s``) with English stop words and the Snowball stemmer, k1 1.5, b 0.75, on
title and text; without it the figures of the peer are left out, and it is said.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import galien
from galien.evaluation import Collection, Result, compare, evaluate, half_of, load, measured, prepared
from galien.evaluation.measures import DEPTH, means

Goals = dict[str, dict[str, float]]
SETS: tuple[tuple[str, str, str | None, str, Goals], ...] = (
    ("med1033", "MED-1033", None, "tuned on", {"full": {"all": 0.74}}),
    ("liveqa_medquad", "LiveQA-Med, summaries", None, "tuned on", {"full": {"all": 0.62}}),
    ("liveqa_medquad", "LiveQA-Med, raw messages", "queries_long.jsonl", "tuned on", {"full": {"all": 0.53}}),
    (
        "nfcorpus",
        "NFCorpus-3395",
        None,
        "first half tuned on",
        {"words": {"second": 0.335, "all": 0.335}, "full": {"second": 0.375, "all": 0.375}},
    ),
    ("nfcorpus", "NFCorpus-3395, French queries", "queries_fr.tsv", "first half tuned on", {}),
    ("bioasq_snip", "BioASQ snippets (closed pool)", None, "never tuned on", {}),
)
SYSTEMS = ("words", "full")
RESULTS = Path(__file__).parent / "results" / "ranking.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names of folders, with commas")
    parser.add_argument("--store", type=Path, default=Path(tempfile.gettempdir()) / "galien-bench-ranking")
    options = parser.parse_args()
    data = _data() / "retrieval"
    chosen = {name for name in options.only.split(",") if name}
    rows: list[dict[str, Any]] = []
    print(
        f"{'collection':<34}{'system':<6}{'half':<8}{'queries':>8}{'nDCG@10':>9}{'bm25s':>8}{'p':>8}{'R@100':>8}{'MAP':>8}{'MRR':>8}"
    )
    for folder, title, queries, use, goals in SETS:
        if chosen and folder not in chosen:
            continue
        if not (data / folder).is_dir():
            print(f"{title}: skipped, {data / folder} is not here")
            continue
        collection = load(data / folder, queries=data / folder / queries if queries else None)
        home, _ = prepared(collection, options.store)
        peer = _peer(collection)
        for system in SYSTEMS:
            with galien.open(home) as workspace:
                result = evaluate(collection, workspace, system=system)
            rows += list(_rows(title, use, goals.get(system, {}), collection, result, peer))
            for row in rows[-_halves(title) :]:
                _print(row)
            ms = result.latency_ms
            print(f"{'':<40}page of 20: p50 {ms['p50']:.0f} ms, p95 {ms['p95']:.0f} ms, p99 {ms['p99']:.0f} ms")
    RESULTS.parent.mkdir(exist_ok=True)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    # Of what was not run this time, the figures of before are kept.
    again = {row["collection"] for row in rows}
    before = json.loads(RESULTS.read_text("utf-8"))["rows"] if RESULTS.exists() else []
    rows = [row for row in before if row["collection"] not in again] + rows
    RESULTS.write_text(json.dumps({"version": galien.__version__, "machine": machine, "rows": rows}, indent=1))
    print(f"written: {RESULTS}")


def _rows(
    title: str,
    use: str,
    goals: dict[str, float],
    collection: Collection,
    result: Result,
    peer: dict[str, dict[str, float]] | None,
) -> list[dict[str, Any]]:
    rows = []
    ours = {outcome.id: outcome.measures for outcome in result.per_query}
    for half in ("first", "second", "all") if _halves(title) == 3 else ("all",):
        kept = {id: v for id, v in ours.items() if half in ("all", half_of(id))}
        row: dict[str, Any] = {
            "collection": title,
            "half": half,
            "use": use,
            "queries": len(kept),
            "documents": result.documents,
            "system": result.system,
            "metrics": {name: round(value, 4) for name, value in means(kept).items()},
            "goal": goals.get(half),
            "latency_ms": result.latency_ms,
        }
        if peer is not None:
            theirs = {id: peer[id] for id in kept}
            row["bm25s"] = {name: round(value, 4) for name, value in means(theirs).items()}
            pairs = [{id: values["nDCG@10"] for id, values in side.items()} for side in (kept, theirs)]
            row["p"] = round(compare(*pairs, "nDCG@10").p, 4)
        rows.append(row)
    return rows


def _halves(title: str) -> int:
    return 3 if title.startswith("NFCorpus") else 1


def _peer(collection: Collection) -> dict[str, dict[str, float]] | None:
    """Measures of bm25s on the same files, by query."""
    try:
        import bm25s
        import Stemmer
    except ImportError:
        print("bm25s is not installed (pip install bm25s): its figures are left out")
        return None
    documents = [json.loads(line) for line in collection.corpus.open(encoding="utf-8") if line.strip()]
    stemmer = Stemmer.Stemmer("english")
    texts = [f"{d.get('title') or ''} {d['text']}" for d in documents]
    ranker = bm25s.BM25(k1=1.5, b=0.75)
    ranker.index(bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)
    asked = bm25s.tokenize(list(collection.queries.values()), stopwords="en", stemmer=stemmer, show_progress=False)
    places, scores = ranker.retrieve(asked, k=min(DEPTH, len(documents)), show_progress=False)
    rankings = {
        query: [documents[int(place)]["_id"] for place, score in zip(row, points, strict=True) if score > 0]
        for query, row, points in zip(collection.queries, np.asarray(places), np.asarray(scores), strict=True)
    }
    return measured({query: collection.judgments[query] for query in collection.queries}, rankings)


def _print(row: dict[str, Any]) -> None:
    peer = f"{row['bm25s']['nDCG@10']:>8.3f}{row['p']:>8.4f}" if "bm25s" in row else f"{'':>16}"
    values = row["metrics"]
    goal = "" if row["goal"] is None else f"  goal {row['goal']}"
    goal += ": missed" if row["goal"] is not None and values["nDCG@10"] < row["goal"] else ""
    print(
        f"{row['collection']:<34}{row['system']:<6}{row['half']:<8}{row['queries']:>8}{values['nDCG@10']:>9.3f}{peer}"
        f"{values['Recall@100']:>8.3f}{values['MAP']:>8.3f}{values['MRR']:>8.3f}{goal}"
    )


def _data() -> Path:
    named = os.environ.get("GALIEN_DATA")
    return Path(named) if named else Path(__file__).resolve().parent.parent.parent / "shared" / "data"


if __name__ == "__main__":
    main()
