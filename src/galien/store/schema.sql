-- The ledger: what came, when, from where, and what it became. With the packs, the truth of a workspace.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE batches (
  batch_id INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  feed TEXT NOT NULL,
  state TEXT NOT NULL,              -- running, done, interrupted
  report BLOB                       -- msgpack IngestReport
);

-- One acknowledged unit: all its rows, or none. Projections remember the last commit they hold.
CREATE TABLE commits (
  commit_id INTEGER PRIMARY KEY,
  batch_id INTEGER NOT NULL,
  at TEXT NOT NULL
);

CREATE TABLE blobs (
  sha BLOB PRIMARY KEY,
  pack INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  size INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE files (
  file_id INTEGER PRIMARY KEY,
  commit_id INTEGER NOT NULL,
  path TEXT NOT NULL,
  sha BLOB NOT NULL,
  feed TEXT NOT NULL,
  source TEXT NOT NULL,             -- name of the source that read it
  source_version INTEGER NOT NULL,
  context BLOB NOT NULL,            -- msgpack: mapping and manifest entry it was read with
  records INTEGER NOT NULL
);
CREATE INDEX files_sha ON files (sha);
CREATE INDEX files_commit ON files (commit_id);

CREATE TABLE quarantine (
  quarantine_id INTEGER PRIMARY KEY,
  batch_id INTEGER NOT NULL,
  path TEXT NOT NULL,
  locator TEXT NOT NULL,            -- '' when the whole file is set aside
  sha BLOB,                         -- bytes kept, when they could be
  feed TEXT NOT NULL,
  code TEXT NOT NULL,
  reason TEXT NOT NULL,
  hint TEXT NOT NULL,
  size INTEGER NOT NULL,
  at TEXT NOT NULL,
  resolved TEXT                     -- when a retry succeeded, or the file came again whole
);
CREATE INDEX quarantine_sha ON quarantine (sha);

CREATE TABLE patients (
  patient_id INTEGER PRIMARY KEY,
  merged_into INTEGER,              -- the surviving identity, or NULL
  family TEXT NOT NULL DEFAULT '',
  given TEXT NOT NULL DEFAULT '',
  birth_date TEXT NOT NULL DEFAULT '',
  sex TEXT NOT NULL DEFAULT 'unknown',
  deceased TEXT NOT NULL DEFAULT ''
);
CREATE INDEX patients_merged ON patients (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE identifiers (
  system TEXT NOT NULL,
  value TEXT NOT NULL,
  use TEXT NOT NULL,
  patient_id INTEGER NOT NULL,      -- as first attributed; follow merged_into for the root
  PRIMARY KEY (system, value)
) WITHOUT ROWID;
CREATE INDEX identifiers_patient ON identifiers (patient_id);

-- Merges are journalled, and can be undone.
CREATE TABLE identity_events (
  event_id INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  commit_id INTEGER NOT NULL,
  kind TEXT NOT NULL,               -- merge, undo, conflict
  survivor INTEGER NOT NULL,
  absorbed INTEGER NOT NULL,
  reason TEXT NOT NULL,
  undone_by INTEGER
);

CREATE TABLE stays (
  stay_id INTEGER PRIMARY KEY,
  key INTEGER NOT NULL UNIQUE,
  record_id INTEGER
);

CREATE TABLE concepts (
  concept_id INTEGER PRIMARY KEY,   -- from 2,000,000,001: local concepts, as OMOP reserves
  vocabulary TEXT NOT NULL,
  code TEXT NOT NULL,
  label TEXT NOT NULL,
  UNIQUE (vocabulary, code)
);

CREATE TABLE records (
  record_id INTEGER PRIMARY KEY,
  key INTEGER NOT NULL,             -- 64-bit hash of kind and natural key
  digest INTEGER NOT NULL,          -- 64-bit hash of the content
  kind TEXT NOT NULL,
  file_id INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,         -- position among the records of its file
  patient_id INTEGER,               -- as attributed; follow merged_into for the root
  stay_id INTEGER,
  concept_id INTEGER,
  fact_id INTEGER,
  at TEXT NOT NULL,
  value TEXT NOT NULL,              -- short value of a fact, with its unit
  version TEXT NOT NULL,
  state TEXT NOT NULL,              -- current, superseded, cancelled, entered-in-error
  superseded_by INTEGER
);
CREATE INDEX records_key ON records (key);
CREATE INDEX records_file ON records (file_id, ordinal);
CREATE INDEX records_patient ON records (patient_id);
CREATE INDEX records_fact ON records (fact_id) WHERE fact_id IS NOT NULL;

-- What a hit shows of a document or an article, and where its words and its original lie.
CREATE TABLE texts (
  record_id INTEGER PRIMARY KEY,
  title TEXT NOT NULL,
  type TEXT NOT NULL,
  service TEXT NOT NULL,
  hospital TEXT NOT NULL,
  author TEXT NOT NULL,
  journal TEXT NOT NULL,
  language TEXT NOT NULL,
  text_sha BLOB NOT NULL,
  original_sha BLOB,
  original_mime TEXT NOT NULL,
  layout BLOB NOT NULL,             -- msgpack: sections, pages
  detail BLOB NOT NULL              -- msgpack: what only articles have
);

CREATE TABLE studies (
  study_id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE
);

CREATE TABLE instances (
  record_id INTEGER PRIMARY KEY,
  study_id INTEGER NOT NULL,
  series TEXT NOT NULL,
  series_title TEXT NOT NULL,
  title TEXT NOT NULL,
  modality TEXT NOT NULL,
  body_part TEXT NOT NULL,
  service TEXT NOT NULL,
  hospital TEXT NOT NULL,
  accession TEXT NOT NULL,
  report TEXT NOT NULL,
  number INTEGER NOT NULL,
  frames INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  columns INTEGER NOT NULL,
  pixels_sha BLOB,                  -- the file that holds the pixels, or NULL when only announced
  thumbnail_sha BLOB
);
CREATE INDEX instances_study ON instances (study_id);

-- One row per patient and concept: what "coded data that matched" points to.
CREATE TABLE facts (
  fact_id INTEGER PRIMARY KEY,
  patient_id INTEGER NOT NULL,      -- as attributed
  domain TEXT NOT NULL,             -- condition, measurement, exposure, procedure, observation
  concept_id INTEGER NOT NULL,
  label TEXT NOT NULL,
  occurrences INTEGER NOT NULL DEFAULT 0,
  last_record INTEGER,
  last_at TEXT NOT NULL DEFAULT '',
  last_value TEXT NOT NULL DEFAULT '',
  UNIQUE (patient_id, domain, concept_id)
);
