"""The queries of the shipped Grafana dashboards, as Grafana would send them."""
import json
import re

from weir_process import REPOSITORY

FOLDER = REPOSITORY / 'dashboards'
# What Grafana fills in by itself, for a scrape every second.
BUILT_IN = {'__rate_interval': '10s', '__interval': '5s', '__range': '1m', '__range_s': '60', '__interval_ms': '5000'}


def dashboards():
    return sorted(FOLDER.glob('*.json'))


def panels(dashboard):
    """All panels, those inside rows too."""
    for panel in dashboard.get('panels', []):
        yield panel
        yield from panel.get('panels', [])


def variables(dashboard):
    """{name: what stands for it in a query}. A query variable means everything; others mean their current value."""
    values = dict(BUILT_IN)
    for variable in dashboard.get('templating', {}).get('list', []):
        current = variable.get('current', {}).get('value')
        if variable['type'] in ('query', 'custom') and (variable.get('includeAll') or not current or current in ('$__all', ['$__all'])):
            values[variable['name']] = '.*'
        else:
            values[variable['name']] = '|'.join(current) if isinstance(current, list) else str(current)
    return values


def fill_in(expression, values):
    def value(match):
        name = match[1] or match[2]
        if name not in values:
            raise KeyError(f'the dashboard has no variable {name}: {expression}')
        return values[name]
    return re.sub(r'\$\{(\w+)(?::\w+)?\}|\$([A-Za-z_]\w*)', value, expression)


def queries(path):
    """[(panel title, expression)] of one dashboard file."""
    dashboard = json.loads(path.read_text(encoding='utf-8'))
    values = variables(dashboard)
    return [(panel.get('title', '?'), fill_in(target['expr'], values))
            for panel in panels(dashboard) for target in panel.get('targets', []) if target.get('expr')]


def variable_queries(path):
    """The PromQL inside label_values(…) and query_result(…) of a dashboard's variables."""
    dashboard = json.loads(path.read_text(encoding='utf-8'))
    values = variables(dashboard)
    for variable in dashboard.get('templating', {}).get('list', []):
        if variable['type'] == 'query':
            query = variable['query']['query'] if isinstance(variable['query'], dict) else variable['query']
            match = re.fullmatch(r'(?:label_values|query_result)\((.*?)(?:,\s*\w+)?\)', query)
            if match:
                yield variable['name'], fill_in(match[1], values)
