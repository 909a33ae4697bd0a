"""What each peer finds: a file of labelled requests as flat records, and the shares of attacks and of harmless ones that it names.

The file has one object a line: `id`, `label` ("malicious" or "benign"; others are left out), and either `request` (method, target,
headers, body) or `payload` with `placement` (where it stands) and `enc` (how it is encoded already).
"""
import json
import random
from urllib.parse import quote

BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
FORM = 'application/x-www-form-urlencoded'
LONG_VALUE = 1500      # longer ones are sent as a form
OWN_FIELDS = {'host': 'host', 'user-agent': 'user_agent', 'referer': 'referer', 'content-type': 'content_type'}


def encoded(item):
    """The payload as a client writes it into a query or form."""
    if item.get('enc') == 'url':
        return item['payload']
    keep = '' if item.get('enc', 'raw') == 'raw' else '%'
    return quote(item['payload'].encode('utf-8', 'replace'), safe=keep)


def placed(item):
    """The parts of a request that carries the payload where the item says."""
    payload, place = item['payload'], item.get('placement', 'query')
    if place == 'path':
        return {'path': '/files/' + (quote(payload.encode('utf-8', 'replace'), safe='/%' if item.get('enc') != 'raw' else '/'))}
    if place == 'user_agent':
        return {'user_agent': payload}
    if place == 'header':
        return {'headers': {'x-note': payload}}
    if place == 'cookie':
        return {'headers': {'cookie': 'note=' + quote(payload.encode('utf-8', 'replace'), safe='')}}
    if place == 'json_body':
        return {'method': 'POST', 'body': json.dumps({'note': payload}, ensure_ascii=False), 'content_type': 'application/json'}
    value = encoded(item)
    if place in ('query', 'raw_param') and len(value) <= LONG_VALUE:
        return {'query': 'page=1&note=' + value}
    return {'method': 'POST', 'body': 'page=1&note=' + value, 'content_type': FORM}


def parts_of_request(request):
    path, _, query = request['target'].partition('?')
    parts = {'method': request.get('method', 'GET'), 'path': path, 'query': query, 'body': request.get('body') or '', 'headers': {}}
    for name, value in (request.get('headers') or {}).items():
        if name.lower() in OWN_FIELDS:
            parts[OWN_FIELDS[name.lower()]] = value
        else:
            parts['headers'][name.lower()] = value
    return parts


def record_of(number, item):
    """A flat record of a client of its own, so that no item is judged by what another did."""
    record = {'ts': f'2025-01-15T12:{number // 1000 % 60:02}:{number // 20 % 50:02}.000Z', 'request_id': item['id'], 'client_id': f'client-{number}',
              'ip': f'81.{64 + (number >> 16 & 63)}.{number >> 8 & 255}.{number & 255}', 'method': 'GET', 'scheme': 'https',
              'host': 'www.example.com', 'path': '/search', 'query': '', 'status': 200, 'duration_ms': 12.5, 'request_bytes': 420,
              'response_bytes': 512, 'user_agent': BROWSER, 'referer': '', 'content_type': None, 'headers': {}, 'body': ''}
    record.update(parts_of_request(item['request']) if item.get('request') else placed(item))
    record['headers'] = {'accept': '*/*'} | record['headers']
    return {name: value for name, value in record.items() if value not in (None, '')} | {'path': record['path']}


def read(path, wanted, seed=1):
    """(malicious ids, benign ids, items) of at most that many, drawn evenly."""
    items = []
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            item = json.loads(line)
            if item.get('label') in ('malicious', 'benign') and (item.get('request') or item.get('payload')):
                items.append(item)
    if len(items) > wanted:
        items = random.Random(seed).sample(items, wanted)
    of = {label: {item['id'] for item in items if item['label'] == label} for label in ('malicious', 'benign')}
    return of['malicious'], of['benign'], items


def write_records(items, path):
    with open(path, 'w', encoding='utf-8') as file:
        for number, item in enumerate(items):
            line = json.dumps(record_of(number, item), ensure_ascii=False, separators=(',', ':'))
            file.write(line.encode('utf-8', 'replace').decode('utf-8') + '\n')


def shares(found, malicious, benign):
    return {'attacks_found': len(found & malicious) / max(1, len(malicious)), 'false_alarms': len(found & benign) / max(1, len(benign))}
