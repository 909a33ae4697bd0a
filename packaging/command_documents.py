#!/usr/bin/env python3
"""Writes the manual pages and the shells' completions of a built weir, from its own help.

usage: command_documents.py PROGRAM FOLDER

FOLDER gets man/man1/*.1, whose @SYSCONFDIR@, @DATADIR@ and @DOCDIR@ the installation fills in, and the completions as they lie
below share/. The date of the pages is that of $SOURCE_DATE_EPOCH, or of the program.
"""
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import command_help
import completions
import man_pages


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    program, folder = Path(arguments[0]).resolve(), Path(arguments[1])
    version = subprocess.run([program, '--version'], capture_output=True, text=True, check=True, timeout=60).stdout.split()[-1]
    seconds = int(os.environ.get('SOURCE_DATE_EPOCH') or program.stat().st_mtime)
    date = datetime.fromtimestamp(seconds, timezone.utc).strftime('%Y-%m-%d')
    root = command_help.read(program)
    texts = {f'man/man1/{name}': text for name, text in man_pages.pages(root, version, date).items()}
    texts |= completions.files(root)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
