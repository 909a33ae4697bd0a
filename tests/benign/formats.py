"""Benign texts in many formats and languages: what people type, paste and upload, and what programs send for them.

`texts(count)` gives (format, language, text); the same packages and the same count give the same texts.
"""
import json
import random
from collections import namedtuple

from . import sources

BenignText = namedtuple('BenignText', 'format language text')


class Writer:
    """Draws words, sentences and the like of one language."""

    def __init__(self, language, draw):
        self.language, self.draw = language, draw

    def word(self):
        if self.language.words:
            return self.draw.choice(self.language.words)
        words = [word.strip('.,;:!?()[]<>{}"\'`') for word in self.sentence().split()]
        return self.draw.choice([word for word in words if any(c.isalnum() for c in word)] or ['weir'])

    def words(self, low, high):
        return [self.word() for _ in range(self.draw.randint(low, high))]

    def sentence(self):
        """Somebody's, or where there are dictionaries only one of their words."""
        language = self.language
        if language.quotations:
            return ' '.join(self.draw.choice(language.quotations).split())
        words = self.words(5, 18)
        return f'{words[0].capitalize()} {" ".join(words[1:])}{self.draw.choice(".!?")}'

    def short(self, size=90):
        """The beginning of a sentence, cut at a word's end."""
        text = self.sentence()
        return text if len(text) <= size else text[:size].rsplit(' ', 1)[0]

    def number(self, high=1000):
        return self.draw.randint(1, high)

    def host(self):
        name = ''.join(c for c in self.word().lower() if c.isascii() and c.isalnum()) or 'site'
        return f'{name}.example.{self.draw.choice(["com", "org", "net"])}'

    def path(self):
        return '/' + '/'.join(self.words(1, 3)).replace(' ', '-').lower()

    def url(self):
        return f'https://{self.host()}{self.path()}'

    def date(self):
        return f'20{self.draw.randint(10, 26)}-{self.draw.randint(1, 12):02}-{self.draw.randint(1, 28):02}'

    def time(self):
        return f'{self.draw.randint(0, 23):02}:{self.draw.randint(0, 59):02}:{self.draw.randint(0, 59):02}'

    def hexadecimal(self, digits):
        return ''.join(self.draw.choice('0123456789abcdef') for _ in range(digits))

    def identifier(self):
        return ''.join(c for c in self.word() if c.isalnum()) or 'x'


# --- What people type

def search(w):
    return ' '.join(w.words(1, 5))


def word_list(w):
    return w.draw.choice([', ', '; ', ' | ', ' / ', ' & ', ' + ', ',', ';', '|', ' - ', ': ', '\n']).join(w.words(2, 9))


def quoted_words(w):
    left, right = w.draw.choice([('"', '"'), ("'", "'"), ('(', ')'), ('«', '»'), ('„', '“'), ('[', ']'), ('<', '>'), ('`', '`'), ('*', '*')])
    return f'{w.word()} {left}{" ".join(w.words(1, 3))}{right} {" ".join(w.words(0, 2))}'.strip()


def names_with_apostrophe(w):
    particle = w.draw.choice(["d'", "l'", "O'", "dell'", "qu'", "n'", "s'", "'t ", "'n ", 'von ', "all'"])
    return f'{w.word()} {particle}{w.word()} {w.draw.choice(["or", "and", "ou", "o", "e", "et", "und", "y", "&"])} {w.number(40)}'


def address(w):
    return f'{w.word().title()} {w.word().title()}\n{w.word().title()} {w.number(200)}{w.draw.choice(["", "a", "/3", "-5", " bis", " #2"])}\n' \
           f'{w.number(99999):05} {w.word().title()}\nTel. +{w.number(99)} ({w.number(999)}) {w.number(9999)}-{w.number(99)}'


def quotation(w):
    return w.draw.choice(w.language.quotations) if w.language.quotations else w.sentence()


def manual_page(w):
    return w.draw.choice(w.language.manual) if w.language.manual else w.sentence()


CHATS = ['{} :-) <3', '> {}\n+1', '@{} ;-)', '{} -> ok?', '{} ... !?', '=> {}', '{} (*_*) \\o/', '"{}" – {}', '{} == {} ??', '*{}*, ~{}~ & _{}_',
         '<{}> {}', '{}: 50% off!', '{} | {}', '#{} #{}', '{} <-- {}', '{}; {}', '{} || {}', '{} && {}', '1) {} 2) {}', '{}???!!1']


def chat(w):
    text = w.draw.choice(CHATS)
    while '{}' in text:
        text = text.replace('{}', w.short(40), 1)
    return text


def commit_message(w):
    head = f'{w.identifier().lower()}: {w.short(60)}'
    return f'{head}\n\n{w.sentence()}\n\n- {w.short()}\n- {w.short()}\n\nFixes: {w.hexadecimal(12)} ("{w.short(40)}")\n' \
           f'Signed-off-by: {w.word().title()} <{w.identifier()}@{w.host()}>'


def mail(w):
    quoted = '\n'.join(f'> {line}' for line in quotation(w).splitlines())
    return f'From: {w.word().title()} <{w.identifier()}@{w.host()}>\nTo: {w.identifier()}@{w.host()}\nDate: {w.date()} {w.time()}\n' \
           f'Subject: Re: {w.short(50)}\n\n{w.short()},\n\nOn {w.date()}, {w.word().title()} wrote:\n{quoted}\n\n{w.sentence()}\n\n-- \n{w.word().title()}'


# --- Markup for people

def markdown(w):
    return f'# {w.short(40)}\n\n{w.sentence()} **{w.word()}** and `{w.identifier()}`, see [{w.short(20)}]({w.url()}).\n\n* {w.short()}\n* {w.short()}\n' \
           f'  1. {w.short(30)}\n\n> {w.short()}\n\n```\n{w.identifier()} = {w.number()}\n```\n\n| {w.word()} | {w.word()} |\n| --- | --- |\n' \
           f'| {w.word()} | {w.number()} |\n\n![{w.word()}]({w.url()}.png "{w.short(20)}")'


def wiki_markup(w):
    return f"'''{w.word()}''' (''{w.word()}'', {w.number(2000)}) [[{w.word()}|{w.word()}]] {w.sentence()}<ref>{{{{cite web |url={w.url()} " \
           f"|title={w.short(30)} |date={w.date()}}}}}</ref>\n\n== {w.word()} ==\n{{{{Infobox\n| name = {w.word()}\n| image = {w.identifier()}.jpg\n" \
           f"| size = {{{{convert|{w.number()}|km}}}}\n}}}}\n* [[{w.word()}]]\n# {w.short()}\n{{| class=\"wikitable\"\n! {w.word()} !! {w.word()}\n|-\n" \
           f"| {w.number()} || {w.word()}\n|}}\n[[Category:{w.word()}]]<!-- {w.short(20)} -->"


def rich_text(w):
    return f'<p>{w.short()} <strong>{w.word()}</strong>, <em>{w.word()}</em> &amp; <a href="{w.url()}" target="_blank" rel="noopener">{w.short(20)}</a>.</p>\n' \
           f'<figure class="image"><img src="{w.url()}.png" alt="{w.word()}" width="{w.number()}"><figcaption>{w.short(30)}</figcaption></figure>' \
           f'<ul><li>{w.short()}</li><li style="text-align:center">{w.word()}</li></ul><blockquote>{w.short()}</blockquote>' \
           f'<table><tbody><tr><td colspan="2">{w.number()}</td></tr></tbody></table><p>&nbsp;</p>'


def editor_blocks(w):
    return f'<!-- wp:heading {{"level":{w.number(5)}}} -->\n<h3 class="wp-block-heading">{w.short(30)}</h3>\n<!-- /wp:heading -->\n\n' \
           f'<!-- wp:paragraph -->\n<p>{w.sentence()}</p>\n<!-- /wp:paragraph -->\n\n<!-- wp:image {{"id":{w.number()},"sizeSlug":"large"}} -->\n' \
           f'<figure class="wp-block-image size-large"><img src="{w.url()}.jpg" alt=""/></figure>\n<!-- /wp:image -->'


def bulletin_board(w):
    return f'[quote="{w.word()}, post:{w.number()}, topic:{w.number()}"]\n{w.short()}\n[/quote]\n\n[b]{w.word()}[/b] [url={w.url()}]{w.short(20)}[/url] ' \
           f'[img]{w.url()}.gif[/img] [color=#{w.hexadecimal(6)}]{w.word()}[/color] [list][*]{w.word()}[*]{w.word()}[/list]'


def latex(w):
    return f'\\section{{{w.short(30)}}}\\label{{sec:{w.identifier()}}}\n{w.sentence()}~\\cite{{{w.identifier()}{w.number(2020)}}} $a_{{{w.number(9)}}} = ' \
           f'\\frac{{{w.number(9)}}}{{x^2}} \\leq {w.number()}$ \\\\\n\\begin{{itemize}}\n\\item {w.short()}\n\\item \\emph{{{w.word()}}} \\& \\textbf{{{w.word()}}} % ' \
           f'{w.short(20)}\n\\end{{itemize}}'


def subtitles(w):
    return '\n\n'.join(f'{n}\n00:{n:02}:{w.draw.randint(10, 59)},{w.draw.randint(100, 999)} --> 00:{n:02}:59,900\n<i>{w.short(40)}</i>\n- {w.short(30)}'
                       for n in range(1, 4))


# --- Files and records of programs

def csv(w):
    quote = w.draw.choice(['"', ''])
    comma = w.draw.choice([',', ';', '\t', '|'])
    return '\n'.join(comma.join(f'{quote}{cell}{quote}' for cell in [w.date(), w.word(), str(w.number()), *w.words(1, 3)]) for _ in range(5))


def yaml_text(w):
    return f'# {w.short(30)}\n{w.identifier()}:\n  - name: "{w.short(30)}"\n    value: {w.number()}\n    enabled: true\n  - &{w.identifier()} {{a: 1, b: [x, y]}}\n' \
           f'{w.identifier()}: |\n  {w.short()}\n  {w.short()}\npattern: \'{w.identifier()}-*\'\n...'


def ini(w):
    return f'; {w.short(30)}\n[{w.identifier()}]\n{w.identifier()} = {w.number()}\n{w.identifier()}={w.path()}\n{w.identifier()} = "{w.short(30)}"\n' \
           f'[{w.identifier()} "{w.identifier()}"]\n\turl = {w.url()}.git'


def json_text(w):
    return json.dumps({w.identifier(): w.short(), 'id': w.number(), 'tags': w.words(1, 4), 'nested': {'a': None, 'url': w.url(), 'n': w.number() / 8},
                       'date': f'{w.date()}T{w.time()}Z'}, ensure_ascii=w.draw.random() < 0.5, indent=w.draw.choice([None, 2]))


def graphql(w):
    return f'query {w.identifier()}($id: ID!, $first: Int = {w.number(50)}) {{\n  node(id: $id) {{\n    __typename\n    id\n    title\n' \
           f'    comments(first: $first, orderBy: {{field: CREATED_AT, direction: DESC}}) {{\n      nodes {{ ...F author {{ login }} }}\n    }}\n  }}\n}}\n\n' \
           f'fragment F on Comment {{ body }}'


def atom(w):
    return f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>{w.word()}</title><link href="{w.url()}" rel="self"/>' \
           f'<entry><id>urn:uuid:{w.hexadecimal(32)}</id><title type="html">&lt;b&gt;{w.word()}&lt;/b&gt;</title><updated>{w.date()}T{w.time()}Z</updated>' \
           f'<content type="html"><![CDATA[<p>{w.word()} {w.number()}</p>]]></content></entry></feed>'


def calendar(w):
    day = w.date().replace('-', '')
    return f'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//{w.identifier()}//EN\r\nBEGIN:VEVENT\r\nUID:{w.hexadecimal(16)}@{w.host()}\r\nDTSTART;TZID=Europe/Rome:{day}' \
           f'T100000\r\nSUMMARY:{w.short(40)}\r\nORGANIZER;CN="{w.word()}":mailto:{w.identifier()}@{w.host()}\r\nRRULE:FREQ=WEEKLY;COUNT={w.number(20)}\r\n' \
           f'END:VEVENT\r\nEND:VCALENDAR'


def bibliography(w):
    return f'@article{{{w.identifier()}{w.number(2020)},\n  author = {{{w.word().title()}, {w.word()[:1]}. and {w.word().title()}}},\n  title = "{{{w.short(50)}}}",\n' \
           f'  journal = {{{w.short(30)}}},\n  year = {w.number(2020)},\n  pages = {{{w.number(90)}--{w.number(900)}}},\n  doi = {{10.{w.number(9999)}/{w.hexadecimal(6)}}}\n}}'


def diff(w):
    name = w.identifier()
    return f'diff --git a/src/{name}.c b/src/{name}.c\nindex {w.hexadecimal(7)}..{w.hexadecimal(7)} 100644\n--- a/src/{name}.c\n+++ b/src/{name}.c\n@@ -{w.number()},7 ' \
           f'+{w.number()},8 @@ int {name}(void)\n \tif (a < {w.number()}) {{\n-\t\treturn "{w.short(20)}";\n+\t\t/* {w.short(30)} */\n+\t\treturn NULL;\n \t}}\n--\n2.39.5'


def log_lines(w):
    return '\n'.join(f'{w.date()} {w.time()},{w.number():03} [{w.draw.choice(["INFO", "WARN", "DEBUG"])}] ({w.identifier()}-{w.number(9)}) {w.short(60)} id={w.number()}; took={w.number()}ms'
                     for _ in range(3))


def geometry(w):
    points = ', '.join(f'{w.number(180)}.{w.number()} {w.number(90)}.{w.number()}' for _ in range(4))
    return w.draw.choice([f'POLYGON(({points}))', f'SRID=4326;LINESTRING({points})', f"INTERSECTS(geom, POLYGON(({points}))) AND name = '{w.word()}'",
                          json.dumps({'type': 'Feature', 'geometry': {'type': 'Point', 'coordinates': [w.number(90), -w.number(90)]}, 'properties': {'n': w.word()}})])


# --- What browsers and pages send by themselves

def link(w):
    return f'{w.url()}?utm_source={w.identifier()}&utm_campaign={w.date()}_{"+".join(w.words(1, 3))}&ref=https%3A%2F%2F{w.host()}%2F&gclid={w.hexadecimal(20)}#{w.identifier()}'


def consent(w):
    return w.draw.choice([f'1---{w.draw.choice("YN")}{w.draw.choice("YN")}', f'{w.hexadecimal(8)}-{w.hexadecimal(4)}|{w.date()}|{w.identifier()};id;vi;touch;false',
                          f'isGpcEnabled=0&datestamp={w.date()}+{w.time()}+GMT%2B0200&version=202{w.number(6)}.1.0&groups=C0001%3A1%2CC0002%3A0',
                          f'GA1.2.{w.number(10**9)}.{w.number(10**9)}', f'{{stamp:%27{w.hexadecimal(20)}=%27%2Cnecessary:true%2Cmethod:%27explicit%27%2Cver:1}}',
                          f'{w.identifier()}|{w.identifier()}|id|false|{w.number()}|~|{w.identifier()}', f'-1||{w.number()}|MCMID|{w.number(10**9)}|vVersion|4.4.0'])


def device(w):
    return w.draw.choice([f'{w.identifier()}/{w.number(20)}.{w.number(9)} (iPhone; iOS 17.{w.number(9)}; Scale/3.00; {w.identifier()})',
                          f'Android;{w.number(15)};{w.identifier().upper()};{w.number(1080)}x{w.number(2400)};touch;{w.language.code}',
                          f'{w.identifier()}|{w.word()}|{w.date()}|android|{w.number(30)}|{w.hexadecimal(16)}'])


GENERATED = [search, word_list, quoted_words, names_with_apostrophe, address, quotation, manual_page, chat, commit_message, mail, markdown, wiki_markup,
             rich_text, editor_blocks, bulletin_board, latex, subtitles, csv, yaml_text, ini, json_text, graphql, atom, calendar, bibliography, diff,
             log_lines, geometry, link, consent, device]


SHARES = {'javascript': 100}  # program text is rarer in requests than what people write


def texts(count, seed=1):
    """`count` texts: as many of each format, the generated ones in every language in turn; none twice."""
    files = {kind: list(sources.file_texts(kind)) for kind in sources.FILES}
    languages = sources.languages()
    share = count // (len(GENERATED) + len(files)) + 1
    seen = set()

    def new(kind, language, text):
        if not text.strip() or (kind, text) in seen:
            return None
        seen.add((kind, text))
        return BenignText(kind, language, text)

    for kind, given in files.items():
        yield from filter(None, (new(kind, '', text) for text in sources.spread(given, SHARES.get(kind, share))))
    short_of = count - len(seen)
    share = short_of // len(GENERATED) + 1
    for write in GENERATED:
        draw = random.Random(f'{seed} {write.__name__}')
        for number in range(share):
            language = languages[number % len(languages)]
            text = new(write.__name__, language.code, write(Writer(language, draw)))
            if text:
                yield text
