"""Manual pages: weir(1), and one for each of its commands with everything below it."""
import textwrap

LINE_MAX = 78

FILES = '''.TP
.I @SYSCONFDIR@/weir/weir.yaml
The configuration that the service runs with.
.TP
.I @DATADIR@/weir/rules
The rules that are used when none are named.
.TP
.I @DOCDIR@
The documentation: configuration, rules, operating, runbooks.
'''
EXIT_CODES = '''.TP
0
Done as asked.
.TP
1
Failed at run time, or something was found that was looked for, such as a rule
that fails its examples.
.TP
2
Wrong usage or configuration.
'''


def escaped(text):
    """Text as roff shows it: a backslash, a hyphen that is typed, a line that begins like a request."""
    text = text.replace('\\', '\\e').replace('-', '\\-').replace('"', '\\(dq')
    return '\\&' + text if text[:1] in ('.', "'") else text


def paragraph(text):
    """The lines of a text; at least one, since a tag must have something to stand before."""
    return [escaped(line) for line in textwrap.wrap(text, LINE_MAX, break_long_words=False, break_on_hyphens=False)] or ['\\&']


def usage(command):
    return f'\\fB{escaped(command.name)}\\fR {escaped(command.usage.removeprefix(command.name).strip())}'.rstrip()


def option_lines(option):
    names = ', '.join(f'\\fB{escaped(name)}\\fR' for name in option.names)
    value = f' \\fI{escaped(option.value)}\\fR' if option.value else ''
    required = ' (required)' if option.required else ''
    return ['.TP', f'{names}{value}{required}', *paragraph(option.text)]


def arguments(command):
    lines = []
    for name, text in command.positionals:
        lines += ['.TP', f'\\fI{escaped(name)}\\fR', *paragraph(text)]
    for option in command.options:
        lines += option_lines(option)
    for remark in command.remarks:
        lines += ['.PP', *paragraph(remark)]
    return lines


def sections_of(command):
    """A section of the page for each command below."""
    lines = []
    for below in command.commands:
        for one in below.walk():
            lines += [f'.SS {escaped(one.name)}', *paragraph(one.summary + '.'), '.PP', usage(one), *arguments(one)]
    return lines


def list_of(commands):
    """What each command is, which has a page of its own."""
    lines = []
    for command in commands:
        lines += ['.TP', f'.BR {escaped(page_name(command))} (1)', *paragraph(command.summary + '.')]
    return lines


def page_name(command):
    return command.name.replace(' ', '-')


def page(command, version, date, others):
    """The text of one page. `others` are the names of the pages to see."""
    name = page_name(command)
    lines = [f'.TH {name.upper()} 1 {date} "weir {version}" "weir"', '.SH NAME',
             *paragraph(f'{name} - {command.summary.removeprefix("weir: ")}'), '.SH SYNOPSIS', usage(command),
             '.SH OPTIONS', *arguments(command)]
    if command.commands:
        lines += ['.SH COMMANDS', *(sections_of(command) if command.path else list_of(command.commands))]
    if not command.path:
        lines += ['.SH EXIT STATUS', EXIT_CODES.strip(), '.SH FILES', FILES.strip()]
    lines += ['.SH SEE ALSO', *(f'.BR {escaped(other)} (1){"," if other != others[-1] else ""}' for other in others)]
    return '\n'.join(lines) + '\n'


def pages(root, version, date):
    """{file name: text}."""
    names = [page_name(command) for command in [root, *root.commands]]
    return {f'{page_name(command)}.1': page(command, version, date, ['weir'] if command.path else names[1:])
            for command in [root, *root.commands]}
