# make demo    everything, from nothing to a page in the browser
# make test    everything, from nothing to the tests
# make check   formatting, types, layers
# make bench   the measured claims of the README; bench-language: on texts and queries; bench-questions: on one
#              patient; bench-ranking: of articles

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
STAMP   = $(VENV)/.installed
HOSPITAL ?= demo/hospital
WORKSPACE ?= demo/workspace
PATIENTS ?= 200
PORT ?= 8420

.PHONY: help demo test check format bench bench-language bench-questions bench-ranking clean
help:
	@sed -n 's/^# //p' Makefile

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Galien needs Python 3.11 or later"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)
	@command -v tesseract >/dev/null || echo "Optional: scanned pages are read only with tesseract: sudo apt-get install tesseract-ocr tesseract-ocr-fra"
	@test -d $(HOSPITAL) || $(BIN)/galien demo generate $(HOSPITAL) --patients $(PATIENTS)
	$(BIN)/galien --workspace $(WORKSPACE) ingest $(HOSPITAL)/files
	$(BIN)/galien --workspace $(WORKSPACE) serve --port $(PORT)

test: $(STAMP)
	$(BIN)/python -m pytest -n 2

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/python benches/ingest.py
	$(BIN)/python benches/query_latency.py

bench-language: $(STAMP)
	$(BIN)/python benches/language.py
	$(BIN)/python benches/terminologies.py

bench-questions: $(STAMP)
	$(BIN)/python benches/questions.py

bench-ranking: $(STAMP)
	$(BIN)/python benches/ranking.py

clean:
	rm -rf $(VENV) demo
