"""The tables of the OMOP Common Data Model 5.4 that Galien fills, column for column.

Source: OHDSI, *OMOP CDM v5.4* (https://ohdsi.github.io/CommonDataModel/cdm54.html), and the imaging
extension of the OHDSI Medical Imaging working group for IMAGE_OCCURRENCE. Identifiers are BIGINT here
(the standard says integer) so that a hospital's measurements never run out.

``i`` BIGINT, ``f`` DOUBLE, ``d`` DATE, ``t`` TIMESTAMP, ``s`` VARCHAR.
"""

from __future__ import annotations

_SPEC = """
person person_id:i gender_concept_id:i year_of_birth:i month_of_birth:i day_of_birth:i birth_datetime:t race_concept_id:i ethnicity_concept_id:i location_id:i provider_id:i care_site_id:i person_source_value:s gender_source_value:s gender_source_concept_id:i race_source_value:s race_source_concept_id:i ethnicity_source_value:s ethnicity_source_concept_id:i
death person_id:i death_date:d death_datetime:t death_type_concept_id:i cause_concept_id:i cause_source_value:s cause_source_concept_id:i
visit_occurrence visit_occurrence_id:i person_id:i visit_concept_id:i visit_start_date:d visit_start_datetime:t visit_end_date:d visit_end_datetime:t visit_type_concept_id:i provider_id:i care_site_id:i visit_source_value:s visit_source_concept_id:i admitted_from_concept_id:i admitted_from_source_value:s discharged_to_concept_id:i discharged_to_source_value:s preceding_visit_occurrence_id:i
condition_occurrence condition_occurrence_id:i person_id:i condition_concept_id:i condition_start_date:d condition_start_datetime:t condition_end_date:d condition_end_datetime:t condition_type_concept_id:i condition_status_concept_id:i stop_reason:s provider_id:i visit_occurrence_id:i visit_detail_id:i condition_source_value:s condition_source_concept_id:i condition_status_source_value:s
drug_exposure drug_exposure_id:i person_id:i drug_concept_id:i drug_exposure_start_date:d drug_exposure_start_datetime:t drug_exposure_end_date:d drug_exposure_end_datetime:t verbatim_end_date:d drug_type_concept_id:i stop_reason:s refills:i quantity:f days_supply:i sig:s route_concept_id:i lot_number:s provider_id:i visit_occurrence_id:i visit_detail_id:i drug_source_value:s drug_source_concept_id:i route_source_value:s dose_unit_source_value:s
procedure_occurrence procedure_occurrence_id:i person_id:i procedure_concept_id:i procedure_date:d procedure_datetime:t procedure_end_date:d procedure_end_datetime:t procedure_type_concept_id:i modifier_concept_id:i quantity:i provider_id:i visit_occurrence_id:i visit_detail_id:i procedure_source_value:s procedure_source_concept_id:i modifier_source_value:s
measurement measurement_id:i person_id:i measurement_concept_id:i measurement_date:d measurement_datetime:t measurement_time:s measurement_type_concept_id:i operator_concept_id:i value_as_number:f value_as_concept_id:i unit_concept_id:i range_low:f range_high:f provider_id:i visit_occurrence_id:i visit_detail_id:i measurement_source_value:s measurement_source_concept_id:i unit_source_value:s unit_source_concept_id:i value_source_value:s measurement_event_id:i meas_event_field_concept_id:i
observation observation_id:i person_id:i observation_concept_id:i observation_date:d observation_datetime:t observation_type_concept_id:i value_as_number:f value_as_string:s value_as_concept_id:i qualifier_concept_id:i unit_concept_id:i provider_id:i visit_occurrence_id:i visit_detail_id:i observation_source_value:s observation_source_concept_id:i unit_source_value:s qualifier_source_value:s value_source_value:s observation_event_id:i obs_event_field_concept_id:i
note note_id:i person_id:i note_date:d note_datetime:t note_type_concept_id:i note_class_concept_id:i note_title:s note_text:s encoding_concept_id:i language_concept_id:i provider_id:i visit_occurrence_id:i visit_detail_id:i note_source_value:s note_event_id:i note_event_field_concept_id:i
note_nlp note_nlp_id:i note_id:i section_concept_id:i snippet:s offset:s lexical_variant:s note_nlp_concept_id:i note_nlp_source_concept_id:i nlp_system:s nlp_date:d nlp_datetime:t term_exists:s term_temporal:s term_modifiers:s
image_occurrence image_occurrence_id:i person_id:i procedure_occurrence_id:i visit_occurrence_id:i anatomic_site_concept_id:i wadors_uri:s local_path:s image_occurrence_date:d image_study_uid:s image_series_uid:s modality_concept_id:i modality_source_value:s anatomic_site_source_value:s
concept concept_id:i concept_name:s domain_id:s vocabulary_id:s concept_class_id:s standard_concept:s concept_code:s valid_start_date:d valid_end_date:d invalid_reason:s
"""

SQL_TYPES = {"i": "BIGINT", "f": "DOUBLE", "d": "DATE", "t": "TIMESTAMP", "s": "VARCHAR"}


def _read(spec: str) -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    for line in spec.strip().splitlines():
        name, *columns = line.split()
        tables[name] = dict(column.rsplit(":", 1) for column in columns)
    return tables


TABLES: dict[str, dict[str, str]] = _read(_SPEC)
"""Table name to its columns, in order, with their type letter."""

PERSON_TABLES: tuple[str, ...] = tuple(
    name for name, columns in TABLES.items() if "person_id" in columns and name != "person"
)

OPERATORS = {"<": 4171756, "<=": 4171754, ">": 4172704, ">=": 4171755}
"""OMOP standard concepts of the comparators (domain *Meas Value Operator*)."""

GENDERS = {"male": 8507, "female": 8532, "other": 8521, "unknown": 8551}
VISITS = {"IMP": 9201, "ACUTE": 9201, "AMB": 9202, "EMER": 9203, "HH": 581476, "VR": 5083, "SS": 9202}
EHR = 32817
"""Type concept "EHR": where the row comes from."""
LANGUAGES = {"fr": 4180190, "en": 4180186}
