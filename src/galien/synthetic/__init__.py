"""A synthetic hospital: files in the real formats, coherent and seeded, with the truth beside them.

Nobody in it exists. Sentences, names, scenarios and pictures are ours; no real data went into them.
"""

from galien.synthetic.generation import GenerationReport, generate

__all__ = ["GenerationReport", "generate"]
