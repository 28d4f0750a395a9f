"""Reading speed and negation of EDS-NLP (BSD-3), run by its own interpreter from ``benches/language.py --peer``.

Standard input: JSON {"speed": [text...], "cases": [{"text", "spans"}]}. Standard output: JSON.
"""

import json
import sys
import time

import edsnlp

told = json.load(sys.stdin)
pipeline = edsnlp.blank("eds")
for pipe in (
    "normalizer",
    "sentences",
    "sections",
    "dates",
    "quantities",
    "covid",
    "charlson",
    "diabetes",
    "CKD",
    "COPD",
):
    pipeline.add_pipe(f"eds.{pipe}")
for pipe in ("negation", "hypothesis", "family", "history", "reported_speech"):
    pipeline.add_pipe(f"eds.{pipe}")
for text in told["speed"][:3]:
    pipeline(text)
began = time.process_time()
for text in told["speed"]:
    pipeline(text)
speed = len(told["speed"]) / (time.process_time() - began)

qualifiers = edsnlp.blank("eds")
for pipe in ("normalizer", "sentences"):
    qualifiers.add_pipe(f"eds.{pipe}")
for pipe in ("negation", "hypothesis"):
    qualifiers.add_pipe(f"eds.{pipe}", config={"span_getter": "events"})
answers = []
for case in told["cases"]:
    document = qualifiers.make_doc(case["text"])
    spans = [document.char_span(start, end, label="event", alignment_mode="expand") for start, end in case["spans"]]
    document.spans["events"] = [span for span in spans if span is not None]
    for _, pipe in qualifiers.pipeline:
        document = pipe(document)
    answers.append([[bool(s._.negation), bool(s._.hypothesis)] if s is not None else [False, False] for s in spans])
json.dump({"documents/s": round(speed, 1), "answers": answers, "version": edsnlp.__version__}, sys.stdout)
