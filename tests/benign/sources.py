"""What people wrote, taken from packages of Debian 12 (scripts/install-deps --test): words, quotations, manual pages, changelogs, and
files for machines. Everything is read in a fixed order, so the same packages give the same texts.
"""
import gzip
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# language: (dictionary's package, package of quotations, package of manual pages); an empty name where there is none
LANGUAGES = {
    'en': ('wamerican', 'fortunes', 'manpages'),
    'de': ('wngerman', 'fortunes-de', 'manpages-de'),
    'fr': ('wfrench', '', 'manpages-fr'),
    'it': ('witalian', 'fortunes-it', 'manpages-it'),
    'es': ('wspanish', 'fortunes-es', 'manpages-es'),
    'pl': ('wpolish', 'fortunes-pl', 'manpages-pl'),
    'nl': ('wdutch', '', 'manpages-nl'),
    'pt': ('wportuguese', 'fortunes-br', 'manpages-pt-br'),
    'ca': ('wcatalan', '', ''),
    'sv': ('wswedish', '', ''),
    'cs': ('', 'fortunes-cs', ''),
    'ru': ('', 'fortunes-ru', 'manpages-ru'),
    'zh': ('', 'fortunes-zh', ''),
}
FILES = {  # format: (packages, ending of the name)
    'svg': (('adwaita-icon-theme',), '.svg'),
    'xml': (('shared-mime-info', 'iso-codes'), '.xml'),
    'javascript': (('libjs-jquery', 'libjs-bootstrap4', 'libjs-d3', 'libjs-underscore'), '.js'),
    'css': (('libjs-bootstrap4',), '.css'),
    'changelog': (('nginx', 'haproxy', 'lintian', 'apache2-bin'), '.gz'),
}
BYTES_MAX = 200_000  # of one file
MANUAL_PAGES_MAX = 60  # of one language


def packages():
    names = {name for row in LANGUAGES.values() for name in row if name}
    return sorted(names | {name for row in FILES.values() for name in row[0]})


def files_of(package):
    """The package's files, sorted; none if it is not installed."""
    listed = subprocess.run(['dpkg', '-L', package], capture_output=True, text=True, check=False)
    paths = [Path(line) for line in listed.stdout.splitlines()]
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def text_of(path):
    data = gzip.decompress(path.read_bytes()) if path.suffix == '.gz' else path.read_bytes()
    return data[:BYTES_MAX].decode('utf-8', 'ignore').replace('\0', '')


def spread(items, count):
    """So many of them, evenly from the whole list."""
    return [items[i * len(items) // count] for i in range(count)] if len(items) > count else list(items)


@dataclass
class Language:
    """What there is in one language."""
    code: str
    words: list = field(default_factory=list)
    quotations: list = field(default_factory=list)
    manual: list = field(default_factory=list)  # paragraphs of manual pages, one line each



NOT_QUOTATIONS = ('chinese', 'debian-hints')  # instructions for shells
TERMINAL_COLOUR = re.compile(r'\x1b\[[\d;]*m')


def words_of(package):
    for path in files_of(package):
        if path.parent == Path('/usr/share/dict') and path.name != 'README.select-wordlist':
            data = path.read_bytes()
            try:
                text = data.decode('utf-8')
            except UnicodeDecodeError:
                text = data.decode('iso-8859-1')
            return spread([word for word in text.splitlines() if word.strip()], 20_000)
    return []


def quotations_of(package):
    quotations = []
    for path in files_of(package):
        if 'fortunes' in path.parts and not path.suffix and not {'off', *NOT_QUOTATIONS}.intersection(path.parts):
            text = TERMINAL_COLOUR.sub('', text_of(path))
            quotations += [piece.strip('\n') for piece in re.split(r'(?m)^%.*$', text)]
    return [piece for piece in quotations if 8 < len(piece) < 3000]


ROFF_ESCAPE = re.compile(r'\\f(?:\(..|\[[^\]]*\]|.)|\\[&%/,|^]|\\s[-+]?\d+|\\\*\[?\w+\]?|\\\(..|\\\[[^\]]*\]')


def paragraphs_of(page):
    """The running text of a manual page, without its markup."""
    for piece in re.split(r'(?m)^(?:\.(?:PP|P|LP|SH|SS|TP|IP|HP|Pp|It|Sh|Ss)\b.*|\.?)$', page):
        lines = [line for line in piece.splitlines() if line and line[0] not in ".'"]
        text = ROFF_ESCAPE.sub('', ' '.join(lines)).replace('\\-', '-').replace('\\e', '\\').strip()
        if 40 < len(text) < 2000:
            yield text


def languages():
    found = []
    for code, (dictionary, fortunes, manual) in LANGUAGES.items():
        language = Language(code)
        language.words = words_of(dictionary) if dictionary else []
        language.quotations = quotations_of(fortunes) if fortunes else []
        pages = [path for path in files_of(manual) if path.suffix == '.gz' and 'man' in path.parts] if manual else []
        language.manual = [text for path in spread(pages, MANUAL_PAGES_MAX) for text in paragraphs_of(text_of(path))]
        found.append(language)
    return found


def pieces(text, size):
    """The text cut at ends of lines into pieces of about so many characters."""
    piece, length = [], 0
    for line in text.splitlines():
        if length + len(line) > size and piece:
            yield '\n'.join(piece)
            piece, length = [], 0
        piece.append(line)
        length += len(line) + 1
    if length > 20:
        yield '\n'.join(piece)


def file_texts(kind):
    """Files as a whole if they are short, else in pieces; source text in pieces only."""
    names, ending = FILES[kind]
    for name in names:
        for path in files_of(name):
            if not path.name.endswith(ending) or path.name.endswith(('.min.js', '.min.css', '.slim.js')):
                continue
            if kind == 'changelog' and 'changelog' not in path.name.lower():
                continue
            text = text_of(path)
            if kind in ('svg', 'xml') and len(text) <= 6000:
                yield text
            elif kind == 'changelog':
                yield from (entry.strip() for entry in re.split(r'\n\s*\n', text) if 20 < len(entry) < 4000)
            elif kind != 'svg':
                yield from pieces(text, 1500)
