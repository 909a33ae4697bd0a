"""DuckDB in-process: the obvious list as one regular expression (its engine is RE2) over a file of logs."""
import sys

import obvious
from peer import PATTERNS_NOTE, PythonPeer


class DuckDb(PythonPeer):
    name = 'duckdb'
    title = 'DuckDB, `regexp_matches`'
    source = 'duckdb_sql.py'
    packages = ('duckdb==2.0.1',)
    does = PATTERNS_NOTE + ', as one alternation'
    lacks = 'decoding in rounds, other headers, weights, clients, evidence, alerts'


def main(records, result):
    import duckdb
    columns = ', '.join(f"{name}: 'VARCHAR'" for name in ('request_id', *obvious.FIELDS))
    joined = f"replace(concat_ws(' ', {', '.join(obvious.FIELDS)}), '+', ' ')"
    # url_decode ends the whole query at what is no UTF-8 when decoded: such a text is looked at as it stands.
    text = f'coalesce(try(url_decode({joined})), {joined})'
    connection = duckdb.connect(config={'threads': 1})
    said = connection.execute(
        f"SELECT count(*), list(request_id) FILTER (WHERE regexp_matches({text}, $patterns, 'i')) "
        f"FROM read_json($records, format = 'newline_delimited', columns = {{{columns}}}, maximum_object_size = 33554432)",
        {'patterns': '|'.join(f'(?:{pattern})' for pattern in obvious.PATTERNS), 'records': records}).fetchone()
    obvious.write_result(result, said[0], said[1] or [])


if __name__ == '__main__':
    main(*sys.argv[1:])
