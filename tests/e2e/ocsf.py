"""Validation of alerts against the published schema: OCSF 1.5.0, Detection Finding, profile security_control."""
import functools

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

DETECTION_FINDING = 2004


@functools.lru_cache
def validator():
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version='1.5.0'))
    name = schema.lookup_class_name_from_uid(class_uid=DETECTION_FINDING)
    return Draft202012Validator(schema.get_class_schema(class_name=name, profiles=['security_control']))


def errors(alert):
    """What is wrong with an alert, as strings; empty when it is valid."""
    return [f'{error.json_path}: {error.message}' for error in validator().iter_errors(alert)]


def assert_valid(alert):
    found = errors(alert)
    assert not found, f'not OCSF 1.5.0: {found}\n{alert}'
    assert alert['class_uid'] == DETECTION_FINDING
    assert alert['metadata']['version'] == '1.5.0'
