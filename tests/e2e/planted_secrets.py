"""Secrets of sixty kinds, made up by a seed, planted into requests in every field and wrapping; and the search for them in what
weir writes. No key here was ever issued: each is drawn at random when it is planted."""
import base64
import html
import json
import random
import re
import string
import unicodedata
import urllib.parse

MIXED = string.ascii_letters + string.digits
HEX = '0123456789abcdef'
WINDOW = 8          # so many characters in a row of a secret, but for its last four, are a leak
NUMBER_WINDOW = 12  # the same of one that consists of digits, decimal or hexadecimal
SHOWN = 4
KEY_BYTES_MAX = 120
ATTACKS = ["1' OR '1'='1' -- ", '<script>alert(1)</script> ', '../../../../etc/passwd ', '${jndi:ldap://e.example/a} ', ';cat /etc/passwd ', '']


class Draw(random.Random):
    def text(self, size, alphabet=MIXED):
        """Holds lower and upper case and a digit where the alphabet has them."""
        while True:
            text = ''.join(self.choice(alphabet) for _ in range(size))
            if alphabet is not MIXED or (re.search('[a-z]', text) and re.search('[A-Z]', text) and re.search('[0-9]', text)):
                return text

    def card(self, first, size, separator=''):
        digits = first + ''.join(self.choice(string.digits) for _ in range(size - len(first) - 1))
        total = sum(sum(divmod(2 * int(d), 10)) if i % 2 == 0 else int(d) for i, d in enumerate(reversed(digits)))
        digits += str(-total % 10)
        return digits, separator.join(digits[i:i + 4] for i in range(0, size, 4)) if separator else digits

    def iban(self):
        account = ''.join(self.choice(string.digits) for _ in range(18))
        check = 98 - int(account + '131400') % 97
        return f'DE{check:02}{account}'


def kinds():
    """{name: draw → (text to plant, the secret in it)}"""
    found = {}
    # Issuers' prefixes.
    for prefix, size, alphabet in [
            ('AKIA', 16, string.ascii_uppercase), ('ghp_', 36, MIXED), ('gho_', 36, MIXED), ('github_pat_', 60, MIXED), ('glpat-', 20, MIXED),
            ('glrt-', 20, MIXED), ('npm_', 36, MIXED), ('pypi-', 60, MIXED), ('rubygems_', 48, HEX), ('dckr_pat_', 27, MIXED),
            ('sk_live_', 24, MIXED), ('rk_test_', 24, MIXED), ('whsec_', 32, MIXED), ('shpat_', 32, HEX), ('shpss_', 32, HEX),
            ('sq0atp-', 22, MIXED), ('xoxb-', 40, MIXED), ('xoxe.xoxp-', 40, MIXED), ('xapp-', 40, MIXED), ('SG.', 60, MIXED),
            ('SK', 32, HEX), ('key-', 32, HEX), ('AIza', 35, MIXED), ('GOCSPX-', 28, MIXED), ('ya29.', 60, MIXED), ('hvs.', 24, MIXED),
            ('dop_v1_', 64, HEX), ('dapi', 32, HEX), ('hf_', 34, MIXED), ('sk-', 48, MIXED), ('glsa_', 40, MIXED), ('wr_', 43, MIXED)]:
        def issued(draw, prefix=prefix, size=size, alphabet=alphabet):
            secret = draw.text(size, alphabet)
            return prefix + secret, secret
        found['issued ' + prefix] = issued

    def around(name, text, size=20, alphabet=MIXED):
        def planted(draw):
            secret = draw.text(size, alphabet)
            return text.replace('@@', secret), secret
        found[name] = planted

    around('password', 'password=@@', 14)
    around('short password', 'passwd=@@', WINDOW)
    around('password in JSON', '{"user":"bob","password":"@@"}')
    around('password in XML', '<password>@@</password>')
    around('access token', 'access_token=@@')
    around('session', 'JSESSIONID=@@', 32, HEX)
    around('API key by name', 'api_key=@@', 32, HEX)
    around('bearer', 'Authorization: Bearer @@', 32)
    around('client secret', 'client_secret=@@')
    around('AWS secret', 'aws_secret_access_key=@@', 40)
    around('signature', 'X-Amz-Signature=@@', 64, HEX)
    around('authorization code', 'code=4/0@@', 40)
    around('URL password', 'postgres://app:@@@db.example:5432/x'.replace('@@@', '@@\0'), 16)
    around('connection string', 'Server=db;User=app;Password=@@;Timeout=3', 16)
    around('account key', 'AccountName=shop;AccountKey=@@', 44)
    around('telegram', '1234567890:@@', 35)
    around('slack hook', 'https://hooks.slack.com/services/T0AB12CD/B0AB12CD/@@', 24)
    around('CSRF token', 'csrfmiddlewaretoken=@@', 32)
    around('PIN by name', 'otp=@@', 12)
    around('AGE key', 'AGE-SECRET-KEY-1@@', 58, string.ascii_uppercase + string.digits)

    def web_token(draw):
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip('=')
                 for part in ({'alg': 'HS256', 'typ': 'JWT'}, {'sub': draw.text(12)})]
        secret = draw.text(43)
        return '.'.join([*parts, secret]), secret

    def basic(draw):
        secret = draw.text(24)
        code = base64.b64encode(f'bob:{secret}'.encode()).decode()
        return 'Basic ' + code, code.rstrip('=')

    def pem(draw):
        body = [draw.text(64) for _ in range(3)]
        return '-----BEGIN RSA ' + 'PRIVATE KEY-----\n' + '\n'.join(body) + '\n-----END RSA ' + 'PRIVATE KEY-----', body[1] + 'aaaa'

    def azure(draw):
        secret = draw.text(86)
        return secret + '==', secret

    def bot(draw):
        secret = draw.text(38)
        return f'M{draw.text(23)}.{draw.text(6)}.{secret}', secret

    def card(first, size, separator):
        return lambda draw: (lambda pair: (pair[1], pair[0]))(draw.card(first, size, separator))

    def iban(draw):
        secret = draw.iban()
        return secret, secret[4:]

    def ssn(draw):
        secret = f'{draw.randint(100, 599)}-{draw.randint(10, 99)}-{draw.randint(1000, 9999)}'
        return 'ssn ' + secret, secret + 'aaaa'

    found |= {'web token': web_token, 'basic': basic, 'private key': pem, '64 bytes in base64': azure, 'bot token': bot,
              'card': card('4', 16, ''), 'card with spaces': card('51', 16, ' '), 'card with dashes': card('6011', 16, '-'),
              'IBAN': iban, 'SSN': ssn}
    return found


KINDS = kinds()


def every(text, size, what):
    return what.join(text[i:i + size] for i in range(0, len(text), size))


def wide(text):
    return ''.join(chr(ord(c) + 0xfee0) if '!' <= c <= '~' else c for c in text)


def overlong(text):
    return ''.join(f'%{0xc0 | ord(c) >> 6:02x}%{0x80 | ord(c) & 0x3f:02x}' for c in text)


def b64(text):
    return base64.b64encode(text.encode()).decode()


def percent_all(text):
    return ''.join(f'%{byte:02X}' for byte in text.encode())


def quote(text):
    return urllib.parse.quote(text, safe='')


WRAPPINGS = {
    'plain': lambda text: text,
    'percent': quote,
    'percent, every byte': percent_all,
    'percent, twice': lambda text: quote(quote(text)),
    'percent, three times': lambda text: quote(quote(quote(text))),
    'percent, every byte twice': lambda text: percent_all(text).replace('%', '%25'),
    'plus': urllib.parse.quote_plus,
    'percent and Unicode': lambda text: ''.join(f'%u{ord(c):04x}' for c in text),
    'overlong UTF-8': overlong,
    'full width': wide,
    'full width in percent': lambda text: quote(wide(text)),
    'decimal entities': lambda text: ''.join(f'&#{ord(c)};' for c in text),
    'hexadecimal entities': lambda text: ''.join(f'&#x{ord(c):x};' for c in text),
    'entities in percent': lambda text: quote(''.join(f'&#{ord(c)};' for c in text)),
    'script escapes': lambda text: ''.join(f'\\u{ord(c):04x}' for c in text),
    'byte escapes': lambda text: ''.join(f'\\x{ord(c):02x}' for c in text),
    'NUL bytes': lambda text: every(text, 4, '%00'),
    'comments': lambda text: every(text, 4, '/**/'),
    'base64': b64,
    'base64 for URLs': lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip('='),
    'base64 in percent': lambda text: quote(b64(text)),
    'percent in base64': lambda text: b64(quote(text)),
    'base64 twice': lambda text: b64('x=' + b64(text)),
    'JSON': lambda text: json.dumps({'k': text, 'n': 1}),
    'JSON in percent': lambda text: quote(json.dumps({'k': [text]})),
    'JSON in base64': lambda text: b64(json.dumps({'k': text})),
    'hexadecimal JSON': lambda text: json.dumps({'k': text}).encode().hex(),
    'mixed': lambda text: ''.join(c if i % 3 else f'%{ord(c):02x}' for i, c in enumerate(text)),
}


def with_field(record, field, value):
    """Puts the value into that field of a flat record."""
    form = 'application/x-www-form-urlencoded'
    escaped = value.replace('&', '%26').replace('\n', '%0A').replace(' ', '+')
    if field in ('request_id', 'client_id', 'api_key', 'host', 'user_agent', 'method', 'scheme', 'content_type'):
        record[field] = value
    elif field == 'path':
        record['path'] = '/shop/' + value.replace('?', '%3F')
    elif field == 'query':
        record['query'] = 'page=2&q=' + escaped + '&x=1'
    elif field == 'name in the query':
        record['query'] = 'page=2&' + escaped.replace('=', '%3D') + '=1'
    elif field == 'whole query':
        record['query'] = value
    elif field == 'form':
        record |= {'content_type': form, 'method': 'POST', 'body': 'a=1&q=' + escaped}
    elif field == 'JSON body':
        record |= {'content_type': 'application/json', 'method': 'POST', 'body': json.dumps({'a': {'q': [value]}})}
    elif field == 'key in a JSON body':
        record |= {'content_type': 'application/json', 'method': 'POST', 'body': json.dumps({value: '1'})}
    elif field == 'multipart':
        record |= {'content_type': 'multipart/form-data; boundary=zz', 'method': 'POST',
                   'body': f'--zz\r\nContent-Disposition: form-data; name="q"\r\n\r\n{value}\r\n--zz--\r\n'}
    elif field == 'XML body':
        record |= {'content_type': 'application/xml', 'method': 'POST', 'body': f'<a><q>{html.escape(value)}</q></a>'}
    elif field == 'text body':
        record |= {'content_type': 'text/plain', 'method': 'POST', 'body': value}
    elif field == 'cookie':
        record['headers']['Cookie'] = 'theme=dark; note=' + value.replace(';', '%3B')
    elif field == 'header':
        record['headers']['X-Note'] = value
    elif field == 'basic authorization':
        record['headers']['Authorization'] = 'Basic ' + b64('bob:' + value)
    elif field == 'referer':
        record['referer'] = 'https://shop.example.com/from?q=' + escaped
    elif field == 'response header':
        record['response_headers'] = {'Location': value}
    else:
        raise ValueError(field)


FIELDS = ['request_id', 'client_id', 'api_key', 'host', 'user_agent', 'method', 'scheme', 'content_type', 'path', 'query', 'name in the query',
          'whole query', 'form', 'JSON body', 'key in a JSON body', 'multipart', 'XML body', 'text body', 'cookie', 'header',
          'basic authorization', 'referer', 'response header']


class Planting:
    """`count` requests, in each of them one secret; kinds, wrappings and fields in turn, so that every pair of them comes up."""

    def __init__(self, count, seed=7):
        draw = Draw(seed)
        self.records, self.notes, self.windows, self.numbers = [], [], {}, {}
        names = list(KINDS)
        for i in range(count):
            kind = names[i % len(names)]
            field = FIELDS[(i // len(names)) % len(FIELDS)] if count >= len(names) * len(FIELDS) else draw.choice(FIELDS)
            wrapping = draw.choice(list(WRAPPINGS))
            self.add(draw, i, kind, field, wrapping)

    def add(self, draw, number, kind, field, wrapping):
        text, secret = KINDS[kind](draw)
        text = text.replace('\0', '@')
        attack = draw.choice(ATTACKS)
        value = attack + WRAPPINGS[wrapping](text)
        if field == 'key in a JSON body' and len(value) > KEY_BYTES_MAX:
            value = attack + text           # the decoder cuts longer keys, and with them what a secret is told by
        record = {'ts': f'2025-01-15T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z',
                  'ip': f'198.51.{number >> 8 & 255}.{number & 255}', 'method': 'GET', 'host': 'shop.example.com',
                  'path': '/search', 'query': "id=1' UNION SELECT a FROM b--", 'status': 200, 'user_agent': 'curl/8', 'headers': {}}
        with_field(record, field, value)
        self.records.append(json.dumps(record).encode())
        self.notes.append(f'{kind}, {wrapping}, {field}: {text!r} as {value!r}')
        hidden = secret[:-SHOWN] if len(secret) > WINDOW else secret
        if set(hidden) <= set(HEX):      # shorter runs of them stand in every id
            for at in range(max(1, len(hidden) - NUMBER_WINDOW + 1)):
                self.numbers[hidden[at:at + NUMBER_WINDOW]] = number
            return
        for at in range(len(hidden) - WINDOW + 1):
            self.windows[hidden[at:at + WINDOW]] = number

    def found_in(self, text):
        """{number of the planted secret: where it was seen}, in the text as it is and decoded."""
        leaks = {}
        for reading in readings(text):
            for at in range(len(reading) - WINDOW + 1):
                number = self.windows.get(reading[at:at + WINDOW])
                if number is not None:
                    leaks.setdefault(number, reading[max(0, at - 60):at + 60])
            cards = re.sub(r'(?<=\d)[ +-](?=\d)', '', reading)
            for run in [*re.finditer(r'[0-9a-f]{12,}', reading), *re.finditer(r'\d{12,}', cards)]:
                for at in range(run.end() - run.start() - NUMBER_WINDOW + 1):
                    number = self.numbers.get(run[0][at:at + NUMBER_WINDOW])
                    if number is not None:
                        leaks.setdefault(number, run[0])
        return leaks

    def assert_hidden(self, text, what):
        leaks = self.found_in(text)
        shown = '\n'.join(f'{self.notes[number]}\n    seen as {seen!r}' for number, seen in list(leaks.items())[:12])
        assert not leaks, f'{what}: {len(leaks)} of {len(self.records)} secrets seen\n{shown}'


def unpercent(text):
    text = re.sub(r'%u([0-9a-fA-F]{4})', lambda m: chr(int(m[1], 16)), text)
    text = re.sub(r'%c([01])%([89ab][0-9a-f])', lambda m: chr(int(m[1]) << 6 | int(m[2], 16) & 0x3f), text)
    return urllib.parse.unquote(text, errors='replace').replace('\0', '')


def unescape(text):
    text = text.replace('\\\\', '\\')
    text = re.sub(r'\\u([0-9a-fA-F]{4})', lambda m: chr(int(m[1], 16)), text)
    text = re.sub(r'\\x([0-9a-fA-F]{2})', lambda m: chr(int(m[1], 16)), text)
    return unicodedata.normalize('NFKC', html.unescape(text).replace('\\"', '"'))


def unbase64(text):
    """What the words in base64 say, each on a line."""
    said = []
    for word in re.findall(r'[A-Za-z0-9+/_-]{16,}', text):
        for part in {word, *word.split('/'), *word.split('+')}:
            part = part.replace('-', '+').replace('_', '/')
            try:
                said.append(base64.b64decode(part + '=' * (-len(part) % 4)).decode('ascii'))
            except ValueError:
                continue
    for word in re.findall(r'\b(?:[0-9a-f]{2}){12,}\b', text):
        try:
            said.append(bytes.fromhex(word).decode('ascii'))
        except ValueError:
            continue
    return '\n'.join(said)


def readings(text):
    """The text, and what decoding makes of it step by step."""
    yield text
    reading = text
    for _ in range(4):
        reading = unescape(unpercent(reading))
        yield reading
    yield re.sub(r'/\*.*?\*/', '', reading)
    said = unbase64(text) + '\n' + unbase64(reading)
    for _ in range(3):
        said = unescape(unpercent(said))
        yield said
        said = said + '\n' + unbase64(said)
