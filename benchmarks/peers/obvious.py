"""What somebody writes on an afternoon to find attacks in request logs: two dozen patterns over one decoded text.

Only common words of each kind of attack: the lists that people keep are longer and no better. All peers without rules of their own
use these, so that what is compared is the machinery.
"""
import json
from urllib.parse import unquote_plus

# Without regard to case. All of RE2, Hyperscan, PCRE and Python read them alike.
PATTERNS = (
    r'union\s+(?:all\s+)?select',
    r'select\s.{1,100}\sfrom\s',
    r"'\s*or\s*'?\w+'?\s*=\s*'?\w+",
    r'information_schema',
    r'sleep\s*\(\s*\d',
    r'waitfor\s+delay',
    r';\s*drop\s+table',
    r'<script',
    r'javascript:',
    r'onerror\s*=',
    r'onload\s*=',
    r'<iframe',
    r'alert\s*\(',
    r'document\.cookie',
    r'\.\./\.\./',
    r'etc/passwd',
    r'(?:win|boot)\.ini',
    r';\s*(?:cat|ls|id|wget|curl)\b',
    r'\|\s*(?:cat|id|whoami)\b',
    r'/bin/(?:ba)?sh',
    r'\$\{jndi:',
    r'<\?php',
    r'<!entity',
    r'\{\{.{1,60}\}\}',
)
# In which parts of a record they are looked for.
FIELDS = ('path', 'query', 'body', 'user_agent', 'referer')


def text_of(record):
    """The parts with percent-encoding and plus signs undone once, joined."""
    return unquote_plus(' '.join(record.get(name) or '' for name in FIELDS), errors='replace')


def judge(records, is_attack):
    """For workers in Python: (how many records, the ids of those found) of a file of flat records."""
    count, found = 0, []
    with open(records, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            record = json.loads(line)
            count += 1
            if is_attack(text_of(record)):
                found.append(record['request_id'])
    return count, found


def write_result(path, count, found, seconds=None, **more):
    """What a worker hands back to the runner. `seconds`: its own processor time for the records alone, where its start is long."""
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'records': count, 'found': found, 'seconds': seconds, **more}, file)
