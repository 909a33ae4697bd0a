"""The dashboards hold only what Grafana's own model of one (the package grafana-foundation-sdk) knows: a key with a typing error is lost
silently by Grafana, and here."""
import json
import re
from pathlib import Path

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

FOLDER = Path(__file__).resolve().parent.parent / 'dashboards'
# What the model leaves out though Grafana reads it: keys of the Prometheus data source's annotations and of the variables' editor, and
# the id, which Grafana gives.
BESIDE_THE_MODEL = {'/id', '/annotations/list/*/step', '/annotations/list/*/titleFormat', '/annotations/list/*/textFormat',
                    '/annotations/list/*/useValueForTime', '/templating/list/*/definition'}

register_default_plugins()


def lost(written, read, path=''):
    """Paths of what was written and is not read; * stands for any place in a list."""
    if isinstance(written, dict) and isinstance(read, dict):
        for key, value in written.items():
            yield from lost(value, read[key], f'{path}/{key}') if key in read else [f'{path}/{key}']
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for one, other in zip(written, read):
            yield from lost(one, other, f'{path}/*')
    elif written != read:
        yield path


def unknown(dashboard):
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))
    return set(lost(dashboard, read)) - BESIDE_THE_MODEL


@pytest.mark.parametrize('path', sorted(FOLDER.glob('*.json')), ids=lambda path: path.stem)
def test_grafanas_model_knows_every_key(path):
    assert not unknown(json.loads(path.read_text(encoding='utf-8')))


@pytest.mark.parametrize('right, wrong', [('"unit":', '"units":'), ('"expr":', '"expression":'), ('"drawStyle":', '"drawstyle":'), ('"gridPos":', '"gridpos":')])
def test_a_key_with_a_typing_error_is_noticed(right, wrong):
    text = (FOLDER / 'overview.json').read_text(encoding='utf-8')
    assert right in text
    name = re.sub(r'\W', '', wrong)
    found = unknown(json.loads(text.replace(right, wrong)))
    assert found and all(path.endswith(f'/{name}') for path in found), found
