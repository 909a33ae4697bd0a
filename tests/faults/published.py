"""The alerts that were published, reduced to the facts that the reference scorer states, and the comparison of both."""
import collections
import hashlib
import json

from input_records import milliseconds
from reference_decisions import decision_step


def facts_of(alert):
    """The facts of one alert (docs/alerts.md), named as in reference_scorer.py."""
    weir, evidence = alert['unmapped']['weir'], alert['evidences'][0]
    record = weir.get('record')       # of a burst not before it closes
    facts = {
        'id': alert['metadata']['uid'], 'episode': alert['finding_info']['uid'], 'kind': weir['kind'], 'phase': weir['phase'],
        'client_kind': weir['client_kind'], 'client': weir['client'], 'count': alert['count'],
        'severity': alert['severity_id'], 'time': alert['time'], 'start': alert['start_time'], 'end': alert['end_time'],
        'record': (record['topic'], record['partition'], record['offset']) if record else None,
        'address': evidence.get('src_endpoint', {}).get('ip'),
    }
    if facts['kind'] == 'abuse':
        facts |= {'reasons': tuple(alert['unmapped']['reasons']), 'risk_score': alert['risk_score']}
    elif facts['kind'] == 'burst':
        facts['reasons'] = tuple(sorted(alert['unmapped']['reasons']))
        if facts['phase'] != 'closed':        # these depend on the order of records
            facts |= dict.fromkeys(('time', 'start', 'end'))
        facts |= {name: alert['unmapped'][name] for name in ('requests', 'retry_after') if name in alert['unmapped']}
    else:
        facts |= {'categories': tuple(sorted(weir['categories'])), 'outcome': weir['outcome']}
        if facts['phase'] != 'closed':
            facts |= {'risk_score': alert['risk_score'], 'request_id': evidence['http_request']['uid'],
                      'rules': tuple(sorted(hit['rule_id'] for hit in evidence['data']['hits']))}
    return facts


def facts_of_message(key, value, headers):
    """As facts_of, for a message of the alerts topic; what disagrees inside the message becomes a fact of its own."""
    facts = facts_of(json.loads(value))
    text = {name: data.decode() for name, data in headers.items()}
    wrong = [name for name, agrees in (
        ('key', key.decode() == facts['client']), ('ce_id', text.get('ce_id') == facts['id']),
        ('ce_type', text.get('ce_type') == f'weir.{facts["kind"]}.{facts["phase"]}')) if not agrees]
    return facts | {'wrong_in_message': wrong} if wrong else facts


def decision_facts(key, change, number, value):
    """One message of the decisions topic, as DecisionReference.steps has it; `value`: its JSON, None for a tombstone."""
    if value is not None:
        value = value | {name: milliseconds(value[name]) for name in ('from', 'until')}
        if 'rule' in value:     # a person's reason is any text
            kind, *words = value['reason'].rsplit(', ', 1)[0].split(' ')
            value |= {'reason': (kind, tuple(sorted(words)), value['reason'].rsplit(', ', 1)[1])}
    return decision_step(key, change, number, value)


def decision_of_message(key, value, headers):
    """As decision_facts, for a message; what disagrees inside it becomes a fact of its own."""
    whole = json.loads(value) if value else None
    change, number = (headers[f'weir-decision-{name}'].decode() for name in ('change', 'id'))
    facts = decision_facts(key.decode(), change, number, whole)
    agrees = (whole is None) == (change in ('ended', 'deleted')) and (whole is None or whole['id'] == number)
    return facts if agrees else facts | {'wrong_in_message': headers}


def digest(alerts):
    """Of all facts but those that hold the topic's name: the same for the same traffic in topics of different names."""
    lines = sorted(repr(sorted((name, value[1:] if name == 'record' and value else value) for name, value in one.items()
                               if name not in ('id', 'episode'))) for one in alerts)
    return hashlib.sha256('\n'.join(lines).encode()).hexdigest()[:32]


class Comparison:
    """Lost: must exist and does not. Duplicated: there more than once. Different: there, but not as it must be.
    Unexpected: there, and must not be; it counts as different."""

    def __init__(self, expected, published):
        wanted = {one['id']: one for one in expected}
        assert len(wanted) == len(expected), 'the reference scorer made an id twice'
        found = collections.defaultdict(list)
        for one in published:
            found[one['id']].append(one)
        self.expected = len(expected)
        self.published = len(published)
        self.lost = [one for name, one in wanted.items() if name not in found]
        self.duplicated = [ones[0] for ones in found.values() if len(ones) > 1]
        self.different = [(one, wanted[name]) for name, ones in found.items() if name in wanted
                          for one in ones if one != wanted[name]]
        self.unexpected = [ones[0] for name, ones in found.items() if name not in wanted]

    @property
    def exact(self):
        return not (self.lost or self.duplicated or self.different or self.unexpected)

    def figures(self):
        return {'expected': self.expected, 'published': self.published, 'lost': len(self.lost),
                'duplicated': len(self.duplicated), 'different': len(self.different) + len(self.unexpected)}

    def examples(self, count=3):
        """Lines that show what is wrong, a few of each kind."""
        lines = [f'lost: {one}' for one in self.lost[:count]]
        lines += [f'duplicated: {one}' for one in self.duplicated[:count]]
        lines += [f'unexpected: {one}' for one in self.unexpected[:count]]
        for one, wanted in self.different[:count]:
            names = [name for name in {**one, **wanted} if one.get(name) != wanted.get(name)]
            lines.append('different: ' + ', '.join(f'{name} {one.get(name)} instead of {wanted.get(name)}' for name in names)
                         + f' in {wanted["id"]} of {wanted["client"]}')
        return lines


class DecisionComparison(Comparison):
    """The same of decisions. Also: steps of one client in another order than they must have count as different, and clients whose last
    step is no end are left over."""

    def __init__(self, expected, published):
        super().__init__(expected, published)
        self._wanted = expected
        wanted, found = self._by_client(expected), self._by_client(published)
        self.left_over = [steps[-1] for steps in found.values() if steps[-1]['value'] is not None]
        self.disordered = []
        if super().exact:
            self.disordered = [name for name, steps in wanted.items() if steps != found[name]]

    @staticmethod
    def _by_client(steps):
        by_client = collections.defaultdict(list)
        for one in steps:
            by_client[one['client']].append(one)
        return by_client

    def kinds(self):
        """How many of each change must be there."""
        return dict(collections.Counter(one['id'][1] for one in self._wanted))

    @property
    def exact(self):
        return super().exact and not (self.left_over or self.disordered)

    def figures(self):
        figures = super().figures()
        return figures | {'different': figures['different'] + len(self.disordered), 'left_over': len(self.left_over)}

    def examples(self, count=3):
        lines = super().examples(count) + [f'in another order: {name}' for name in self.disordered[:count]]
        return [f'decisions, {line}' for line in lines + [f'left over: {one}' for one in self.left_over[:count]]]
