"""Every attack among the rules' examples has a harmless twin: the same text with what tells the attack replaced by what people write there.

The twin keeps the attack's shape (its quotes, brackets, separators, words), so a rule that judges by shape alone calls it an attack, too.
"""
import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
RULES = REPOSITORY / 'rules'
WEIR = os.environ.get('WEIR', str(REPOSITORY / 'build/dev/weir'))

# What tells an attack of the category -> what stands there in harmless text. In their order.
WORDS = {
    'sqli': [(r"--[\s+-]*$|#$|/\*.*?\*/|;?\s*/\*$|;--.*$|;%00$", ''), (r"['\"`]", '’'), (r'@@?\w+', 'mail'), (r'0x[0-9a-f]+', '12'),
             (r'\b(?:union|select|insert|update|delete|drop|alter|create|exec|execute|declare|truncate|merge|handler|grant|shutdown|waitfor|benchmark|sleep|having|procedure|'
              r'into|outfile|dumpfile|from|where|limit|like|rlike|regexp|glob|xor|or|and|not|null|order|group|by|case|when|then|convert|cast|char|chr|concat\w*|substr\w*|ascii|'
              r'values?|set|table|tables|database|schema|between|is|in|exists|load|if|begin|end|as|div|mod|collate|binary|print|call|goto|copy|replace|all|distinct|waifor|delay|'
              r'procedure|match|against|return|desc|asc|offset|fetch|using|with|xmltype|version|user|current_user|pg_\w+|utl_\w+|dbms_\w+|information_schema|sys\w*|\w*[xs]p_\w+|master|openrowset|json|auto)\b', 'pear'),
             (r'[=<>!|&^%*+~;(){}\\]+', ' ')],
    'xss': [(r'<\s*[/!?]?\s*[a-z][^<>]*>?|<[^a-z]?|>', ' '), (r'\bon\w+\s*=', 'shade: '), (r'(?:java|vb|live)\s*script|mocha|data:', 'https'), (r'[(){}\[\]`;=\\]+', ' '),
            (r'&\w+;?|&#\w+;?', ' '), (r"['\"]", '’'), (r'\b(?:alert|prompt|confirm|eval|document|window|expression|fromcharcode|import|style|srcdoc|datasrc|allowscriptaccess|behavior|url)\b', 'pear'),
            (r'\+ad\w+-|[\u00bc\u00be]', ' ')],
    'cmdi': [(r'[;|&`$<>(){}\\^"\'*?\[\]!]+', ' '), (r'\x1e|%0a|\\n', ' '), (r'/(?:usr|bin|etc|dev|proc|var|tmp|opt|home|sbin)\b\S*', 'pear'),
             (r'\b(?:cat|ls|id|whoami|uname|pwd|wget|curl|nc|ncat|netcat|bash|sh|zsh|ksh|cmd|powershell|pwsh|ping|nslookup|dig|sleep|echo|rm|chmod|chown|net|reg|dir|type|perl|python\d?|'
              r'ruby|php|node|lua|telnet|awk|find|xargs|tar|alias|cd|dd|base64|openssl|certutil|busybox|ansible\S*|chef\S*|nohup|strace|ifconfig|time|env|ifs|invoke\S*|iwr|iex|irm|get-\S+|'
              r'head|tail|more|less|vi|vim|ftp|helo|ehlo|mail|rcpt|quit|data|visudo|top|expr|netsh|timeout|choice|set|for|xp_cmdshell|mkfifo|mknod|who|less|nl|od|tac)\b', 'pear'),
             (r'-{1,2}\w[\w=-]*|proxycommand|defined|%\w+%', 'apple')],
    'traversal': [(r'(?:\.|%2e|%c0%ae|%u002e){2,}', 'x'), (r'\x00|%00|\\0', ''), (r'~', ''), (r'[\\]+', '/'),
                  (r'\b(?:etc|passwd|shadow|proc|self|var|log|logs|root|boot|usr|windows|winnt|win|system32|inetpub|sess_\w+|environ|ssh|bash_history|htaccess|tmp|hosts|dev|sys|php|phar|zip|expect|glob|'
                   r'file|data|environment|conf|config|web-inf|meta-inf|home|opt)\b', 'pear'), (r'\.(?=\w)', ' '), (r'[:;%/]+', ' ')],
    'nosql': [(r'\$\w+', 'pear'), (r"['\"{}\[\]();=|&<>!]+", ' '), (r'\b(?:this|db|function|return|sleep|while|match|detach|delete|load|call|apoc|new|date)\b', 'pear')],
    'ldap': [(r'[()*|&!=\\<>~]+', ' ')],
    'ssrf': [(r'(?:localhost|127[\d.]*|0x[0-9a-f.]+|169\.254[\d.]*|10\.\d+\.\d+\.\d+|192\.168[\d.]*|172\.\d+\.\d+\.\d+|\d{6,}|\[[0-9a-f:.]*\]|0\d+\.\d+\S*)', 'www.example.com'),
             (r'\b(?:gopher|dict|tftp|netdoc|jar|ldaps?|sftp|rmi|smb|redis|file|unix|metadata\S*|consul\S*|latest|computemetadata|instance|svc|cluster|local|lvh)\b', 'pear'), (r'[:/@#\\?=%]+', ' ')],
    'ssti': [(r'[{}<>%#$@\[\]()*+=|~\'"_!&:;-]+', ' '), (r'\.', ' ')],
    'xxe': [(r'<!?[^<>]*>?|[\[\]>]', ' '), (r'\bxi:include\b|xinclude|system', 'pear')],
    'rce': [(r'[$({[<>%\])};`\'"|=\\&@?:*+]+', ' '), (r'__\w+__|\b\w*proto\w*\b', 'pear'), (r'[/.]', ' '), (r'\b(?:rO0AB\w*|H4sI\w*|aced\w*|yv66\w*|O:\d+|cHJvY2Vzc\w*|eEludm9r\w*)\S*', 'pear'),
            (r'\b(?:child_process|processbuilder|runtime|wscript|shell|createobject)\b', 'pear')],
    'rfi': [(r'\b(?:https?|ftps?|php|data|file|smb)\b', 'pear'), (r'[:/\\?%=&.]+', ' ')],
    'crlf': [(r'[\r\n]+|%0d|%0a|\\r|\\n|\u560d|\u560a|\u010a|\u010d|\ufeff|[嘊嘍]', ' '), (r':', ' '), (r'http/\d\S*|set-cookie', 'pear')],
    'other': [(r'[^\w\s]+', ' '), (r'\b(?:while|ignore|disregard|forget|override|reveal|system|instructions?|nmap|sqlmap|nikto)\b', 'pear')],
}
EVASIONS = [(r'(?:0x2[ef])+', 'pear/'), (r'%u[0-9a-fA-F]{4}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}', 'x'), (r'%[0-9a-fA-F]{2}', ' '), (r'&#\w+;?', ' ')]


def twin(category, text):
    for pattern, harmless in [*EVASIONS, *WORDS[category]]:
        text = re.sub(pattern, harmless, text, flags=re.IGNORECASE | re.DOTALL)
    return text


def examples():
    for file in sorted(RULES.rglob('*.yml')):
        for document in yaml.safe_load_all(file.read_text()):
            weir = document.get('weir', {})
            if 'detection' not in document or weir.get('security_level', 'standard') == 'strict':
                continue
            for number, text in enumerate(weir.get('examples', {}).get('positive', [])):
                if isinstance(text, str):
                    yield f'{file.parent.name}/{file.stem}', weir['category'], number, text


def malicious(texts):
    lines = [json.dumps({'ts': 1736942400, 'request_id': str(n), 'ip': '192.0.2.1', 'method': 'GET', 'path': '/', 'query': 'q=' + quote(text, safe='')})
             for n, text in enumerate(texts)]
    scan = subprocess.run([WEIR, 'scan', '--rules', RULES, '--output', 'verdicts', '-'], input='\n'.join(lines) + '\n', capture_output=True, text=True, check=False)
    assert scan.returncode == 0, scan.stderr
    found = {verdict['request_id']: verdict for verdict in map(json.loads, scan.stdout.splitlines())}
    return [found[str(n)]['malicious'] for n in range(len(texts))]


@pytest.fixture(scope='module')
def attacks():
    found = list(examples())
    verdicts = malicious([text for *_, text in found])
    return [attack for attack, judged in zip(found, verdicts) if judged]


def test_most_examples_are_attacks_by_themselves(attacks):
    assert len(attacks) > 300


def test_an_attack_whose_telling_parts_are_made_harmless_is_clean(attacks):
    twins = [twin(category, text) for _, category, _, text in attacks]
    same = [f'{rule} {number}: {text!r}' for (rule, _, number, text), changed in zip(attacks, twins) if changed == text]
    assert not same, 'attacks without a twin:\n' + '\n'.join(same)
    alarms = [f'{rule} {number}: {text!r} -> {changed!r}' for (rule, _, number, text), changed, judged in zip(attacks, twins, malicious(twins)) if judged]
    assert not alarms, f'{len(alarms)} of {len(twins)}\n' + '\n'.join(alarms)


def test_every_rule_that_decides_alone_says_why():
    silent = [file.name for file in sorted(RULES.rglob('*.yml')) for document in yaml.safe_load_all(file.read_text())
              if 'detection' in document and document.get('weir', {}).get('weight', 0) >= 10 and 'alone' not in document['description'].lower()]
    assert not silent
