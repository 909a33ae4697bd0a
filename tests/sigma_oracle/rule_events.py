"""Makes requests out of Sigma rules: some that a rule should match, some that miss it narrowly, and arbitrary mixtures.

What a request ought to match is not decided here: two implementations decide, and their answers are compared. So it is enough
that the requests come close to the rules' edges.
"""
import copy
import itertools
import random
import re
from re import _parser as regex_parser

VALUES_MAX = 12  # of a long list, so that no rule takes all the events
EVENTS_MAX = 160  # of one rule
ENCODED_MAX = 10
GENERIC_PATHS = ['/', '/index.html', '/search', '/login.aspx', '/api/v1/items/42', '/static/app.js', '/a/b/c/d.php', '/ca%20fe', '/x;id=1']
GENERIC_QUERIES = ['', 'q=shoes', 'id=17&sort=asc', 'next=%2Fhome', 'a=1+2', 'text=hello%20world', 'x']
GENERIC_AGENTS = ['', 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0', 'curl/8.5.0', 'python-requests/2.32']
METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'get']
STATUSES = [200, 201, 204, 301, 302, 401, 403, 404, 500, 503]

# Which part of a request each field of Sigma's taxonomy is made from.
PLACES = {'cs-method': 'method', 'sc-status': 'status', 'c-useragent': 'user_agent', 'cs-user-agent': 'user_agent', 'cs-referer': 'referer',
          'cs-referrer': 'referer', 'cs-cookie': 'cookie', 'cs-content-type': 'content_type', 'cs-host': 'host', 'r-dns': 'host',
          'c-ip': 'ip', 'src_ip': 'ip', 'c-uri': 'uri', 'cs-uri': 'uri', 'c-uri-stem': 'path', 'cs-uri-stem': 'path',
          'c-uri-query': 'query', 'cs-uri-query': 'query', 'c-uri-extension': 'extension', 'cs-uri-extension': 'extension'}


def plain_text(value):
    """A text that the Sigma string matches: wildcards filled in, escapes undone."""
    return re.sub(r'\\([*?\\])|([*?])', lambda m: m.group(1) or ('wz' if m.group(2) == '*' else 'w'), str(value))


def text_of_regex(pattern):
    """A text that the expression matches, if it holds nothing unusual."""
    def one(node):
        kind, argument = node
        kind = str(kind)
        if kind in ('LITERAL', 'NOT_LITERAL'):
            return chr(argument) if kind == 'LITERAL' else 'z'
        if kind == 'ANY':
            return 'z'
        if kind == 'IN':
            kinds = {str(k): a for k, a in argument}
            if 'NEGATE' in kinds:
                return 'z'
            first, first_argument = argument[0]
            return {'LITERAL': lambda: chr(first_argument), 'RANGE': lambda: chr(first_argument[0])}.get(str(first), lambda: '7')()
        if kind in ('MAX_REPEAT', 'MIN_REPEAT'):
            low, high, body = argument
            return several(body) * max(low, 1 if high else 0)
        if kind == 'SUBPATTERN':
            return several(argument[-1])
        if kind == 'BRANCH':
            return several(argument[1][0])
        return ''

    def several(nodes):
        return ''.join(one(node) for node in nodes)
    return several(regex_parser.parse(pattern))


class Wish:
    """One value that a field shall have."""

    def __init__(self, field, modifiers, value):
        self.field = field
        self.modifiers = modifiers
        self.value = value
        self.place = next((m for m in modifiers if m in ('contains', 'startswith', 'endswith')), 'exact')
        if not field:
            self.place = 'contains'
        if value is None or 'exists' in modifiers:
            self.text = ''
        elif 're' in modifiers:
            self.text, self.place = text_of_regex(str(value)), 'contains'
        elif 'cidr' in modifiers:
            self.text = str(value).split('/')[0]
        else:
            self.text = plain_text(value)

    def changed(self, text):
        other = Wish(self.field, [m for m in self.modifiers if m not in ('re', 'cidr')], '')
        other.text, other.place = text, self.place
        return other


def wishes_of_item(key, values):
    """The ways to fulfil one item: each is a list of wishes."""
    field, *modifiers = key.split('|')
    values = values if isinstance(values, list) else [values]
    wishes = [Wish(field, modifiers, value) for value in values]
    return [wishes] if 'all' in modifiers else [[wish] for wish in wishes[:VALUES_MAX]]


def ways_of_selection(selection):
    """The ways to fulfil a selection, each a list of wishes; not every combination, but every value once."""
    if isinstance(selection, dict):
        items = [wishes_of_item(key, values) for key, values in selection.items()]
        count = max(len(item) for item in items)
        return [list(itertools.chain.from_iterable(item[i % len(item)] for item in items)) for i in range(count)]
    ways = []
    for part in (selection if isinstance(selection, list) else [selection])[:40]:
        ways += ways_of_selection(part) if isinstance(part, dict) else [[Wish('', [], part)]]
    return ways


class Request:
    """A request in the making, and its form for either program."""

    def __init__(self, wishes, draw):
        self.method, self.status, self.ip, self.host = 'GET', 200, '192.0.2.1', 'shop.example'
        self.user_agent = self.referer = self.cookie = self.query = self.content_type = ''
        self.path = '/index'
        by_field = {}
        for wish in wishes:
            by_field.setdefault(self._place_of(wish, draw), []).append(wish)
        texts = {name: self._compose(group) for name, group in by_field.items()}
        for name in ('method', 'host', 'user_agent', 'referer', 'cookie', 'ip', 'content_type'):
            setattr(self, name, texts.get(name, getattr(self, name)))
        if texts.get('status', '').isdigit() and int(texts['status']) < 1000:
            self.status = int(texts['status'])
        self._set_url(texts.get('uri', ''), texts.get('path', ''), texts.get('query', ''), texts.get('extension', ''))

    @staticmethod
    def _place_of(wish, draw):
        field = wish.field
        if not field:
            return draw.choice(['query', 'query', 'uri', 'user_agent', 'referer'])
        return PLACES.get(field, 'nowhere')

    @staticmethod
    def _compose(wishes):
        exact = next((w.text for w in wishes if w.place == 'exact'), None)
        if exact is not None:
            return exact
        parts = {place: [w.text for w in wishes if w.place == place] for place in ('startswith', 'contains', 'endswith')}
        return '-'.join(parts['startswith'] + parts['contains'] + parts['endswith'])

    def _set_url(self, uri, path, query, extension):
        whole = re.match(r'https?://([^/?]*)(.*)', uri, re.S)
        if whole:
            self.host, uri = whole.group(1) or self.host, whole.group(2)
        uri_path, _, uri_query = uri.partition('?')
        path, _, path_query = (path or uri_path or self.path).partition('?')
        self.path = path if path.startswith('/') else '/' + path
        if extension:
            self.path += '.' + extension
        self.query = '&'.join(q for q in (query, uri_query, path_query) if q)

    def for_weir(self):
        fields = {'ts': '2026-01-01T00:00:00Z', 'ip': self.ip, 'method': self.method, 'path': self.path, 'status': self.status, 'host': self.host,
                  'query': self.query, 'user_agent': self.user_agent, 'referer': self.referer, 'content_type': self.content_type,
                  'headers': {'Cookie': self.cookie} if self.cookie else {}}
        return {name: value for name, value in fields.items() if value not in ('', {})}

    def for_oracle(self, number):
        """The same in the names of Sigma's taxonomy. A proxy's URI has the host, a web server's has not: any of the two may match."""
        uri = self.path + ('?' + self.query if self.query else '')
        name = self.path.rpartition('/')[2]
        extension = name.rpartition('.')[2] if '.' in name else ''
        uris = [uri, f'http://{self.host}{uri}'] if self.host else [uri]
        # Keywords are looked for in the whole log line, wherever a program keeps its parts.
        message = f'{self.ip} "{self.method} {uri}" {self.status} "{self.host}" "{self.referer}" "{self.user_agent}" "{self.cookie}" "{self.content_type}"'
        fields = {'message': message, 'cs-method': self.method, 'c-uri': uris, 'cs-uri': uris, 'c-uri-stem': self.path, 'cs-uri-stem': self.path,
                  'c-uri-query': self.query, 'cs-uri-query': self.query, 'c-uri-extension': extension, 'cs-uri-extension': extension,
                  'c-useragent': self.user_agent, 'cs-user-agent': self.user_agent, 'cs-referer': self.referer, 'cs-referrer': self.referer,
                  'cs-cookie': self.cookie, 'cs-content-type': self.content_type,
                  'cs-host': self.host, 'r-dns': self.host, 'c-ip': self.ip, 'src_ip': self.ip, 'sc-status': self.status}
        return {'number': number} | fields

    def percent_encoded(self):
        """The same request with its path and query so encoded that no word of them is left."""
        other = copy.copy(self)
        other.path = '/' + ''.join(f'%{byte:02x}' for byte in self.path[1:].encode())
        other.query = ''.join(c if c in '&=' else ''.join(f'%{byte:02x}' for byte in c.encode()) for c in self.query)
        return other


def mutations(text):
    """The text with one small change each; the changes of case must not matter, the others mostly do."""
    if len(text) < 2:
        return [text + 'q', '']
    middle = len(text) // 2
    return [text[1:], text[:-1], text[:middle] + '~' + text[middle + 1:], text[:middle] + '~' + text[middle:], text[::-1], text.upper(), text.swapcase()]


def requests_of_rule(detection, draw):
    """Requests near the rule's edges."""
    ways = {name: ways_of_selection(selection) for name, selection in detection.items() if name != 'condition' and selection}
    condition = str(detection['condition'])
    negated = {name for pattern in re.findall(r'not (?:1 of |all of )?\(?([\w*]+)', condition) for name in ways
               if re.fullmatch(pattern.replace('*', '.*'), name)}
    positive = [name for name in ways if name not in negated]
    full = []
    for i in range(max(len(ways[name]) for name in ways)):
        together = [ways[name][i % len(ways[name])] for name in positive]
        full.append(list(itertools.chain.from_iterable(together)))
        full += together
        full += [full[-len(together) - 1] + ways[name][i % len(ways[name])] for name in sorted(negated)]
    requests = [Request(wishes, draw) for wishes in full]
    near = []
    for wishes in full:
        for at, wish in enumerate(wishes):
            near.append(wishes[:at] + wishes[at + 1:])
            near += [wishes[:at] + [wish.changed(text)] + wishes[at + 1:] for text in mutations(wish.text)]
    draw.shuffle(near)
    requests = requests[:EVENTS_MAX // 2]
    requests += [request.percent_encoded() for request in requests[:ENCODED_MAX]]
    return requests + [Request(wishes, draw) for wishes in near[:EVENTS_MAX - len(requests)]]


def generic_requests(detections, count, draw):
    """Ordinary requests, with one or two values of any rules mixed in by and by."""
    pool = [way for detection in detections for name, selection in detection.items() if name != 'condition' and selection
            for way in ways_of_selection(selection)]
    requests = []
    for i in range(count):
        wishes = list(itertools.chain.from_iterable(draw.sample(pool, i % 3)))
        request = Request(wishes, draw)
        request.method = request.method if wishes and draw.random() < 0.7 else draw.choice(METHODS)
        request.status = request.status if draw.random() < 0.5 else draw.choice(STATUSES)
        request.path = draw.choice(GENERIC_PATHS) if request.path == '/index' else request.path
        request.query = request.query or draw.choice(GENERIC_QUERIES)
        request.user_agent = request.user_agent or draw.choice(GENERIC_AGENTS)
        request.ip = draw.choice(['192.0.2.1', '10.20.30.40', '2001:db8::7', '127.0.0.1']) if request.ip == '192.0.2.1' else request.ip
        requests.append(request)
    return requests


def all_requests(rules, generic_count, seed=1):
    draw = random.Random(seed)
    detections = [rule['detection'] for rule in rules]
    requests = [request for detection in detections for request in requests_of_rule(detection, draw)]
    return requests + generic_requests(detections, generic_count, draw)
