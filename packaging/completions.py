"""Completions for bash, zsh and fish: commands and options, with files where a value is no word of a list."""

HEADER = '# Completions of weir for {shell}, made from its own help. Do not edit.'


def words(command):
    """What may come next: the commands below it and its options."""
    return [below.path[-1] for below in command.commands] + [name for option in command.options for name in option.names]


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def bash(root):
    lines = [HEADER.format(shell='bash'), '', '_weir() {', '  local current=${COMP_WORDS[COMP_CWORD]} path="" word next',
             '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do', '    next="${path:+$path }$word"', '    case $next in']
    paths = [' '.join(command.path) for command in root.walk() if command.path]
    lines += [f'      {"|".join(quoted(path) for path in paths)}) path=$next ;;', '    esac', '  done', '  local words=""', '  case $path in']
    for command in root.walk():
        lines.append(f'    {quoted(" ".join(command.path))}) words={quoted(" ".join(words(command)))} ;;')
    lines += ['  esac', '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")', '}', 'complete -o default -F _weir weir', '']
    return '\n'.join(lines)


def zsh_text(text):
    for character in '\\:[]':
        text = text.replace(character, '\\' + character)
    return text


def zsh(root):
    lines = ['#compdef weir', HEADER.format(shell='zsh'), '']
    for command in reversed(list(root.walk())):
        name = '_' + '_'.join(['weir', *command.path]).replace('-', '_')
        lines += [f'{name}() {{', '  local context state state_descr line', '  typeset -A opt_args', '  _arguments -C \\']
        for option in command.options:
            value = f':{zsh_text(option.value.lower())}:_files' if option.value else ''
            for one in option.names:
                lines.append(f'    {quoted(f"{one}[{zsh_text(option.text)}]{value}")} \\')
        if command.commands:
            below = ' '.join(f'{one.path[-1]}\\:{quoted(zsh_text(one.summary))}' for one in command.commands)
            lines += [f'    {quoted("1:command:((" + below.replace(chr(39), chr(34)) + "))")} \\', "    '*::argument:->below'",
                      '  [[ $state == below ]] && case $line[1] in']
            lines += [f'    {one.path[-1]}) _{"_".join(["weir", *one.path]).replace("-", "_")} ;;' for one in command.commands]
            lines += ['  esac']
        else:
            lines.append("    '*:file:_files'")
        lines += ['}', '']
    return '\n'.join(lines + ['_weir "$@"', ''])


def fish(root):
    lines = [HEADER.format(shell='fish'), '']
    for command in root.walk():
        seen = ' '.join(command.path)
        siblings = ' '.join(below.path[-1] for below in command.commands)
        when = f'__fish_seen_subcommand_from {command.path[0]}' if command.path else '__fish_use_subcommand'
        for part in command.path[1:]:
            when += f'; and __fish_seen_subcommand_from {part}'
        for below in command.commands:
            after = f'; and not __fish_seen_subcommand_from {siblings}' if seen else ''
            lines.append(f'complete -c weir -n {quoted(when + after)} -f -a {below.path[-1]} -d {quoted(below.summary)}')
        for option in command.options:
            names = ' '.join(f'-l {name[2:]}' if name.startswith('--') else f'-s {name[1:]}' for name in option.names)
            lines.append(f'complete -c weir -n {quoted(when)} {names}{" -r" if option.value else ""} -d {quoted(option.text)}')
    return '\n'.join(lines) + '\n'


def files(root):
    """{path below the data directory: text}."""
    return {'bash-completion/completions/weir': bash(root), 'zsh/vendor-completions/_weir': zsh(root),
            'fish/vendor_completions.d/weir.fish': fish(root)}
