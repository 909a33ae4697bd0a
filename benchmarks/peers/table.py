"""The figures of one run, as JSON and as Markdown."""
import statistics


def machine():
    """What it was measured on."""
    def first(path, start):
        with open(path, encoding='utf-8') as lines:
            return next((line.partition(start)[2].strip(' :=\t\n"') for line in lines if line.startswith(start)), 'unknown')
    return {'processor': first('/proc/cpuinfo', 'model name'), 'system': first('/etc/os-release', 'PRETTY_NAME')}


def figures_of(measured, base):
    """One peer's figures. `base` is what its time is compared with: ratios are of the same round, so that what else the machine did counts least."""
    figures = {'name': measured.peer.name, 'title': measured.peer.title, 'version': measured.version, 'does': measured.peer.does,
               'lacks': measured.peer.lacks, 'recipe': measured.peer.recipe}
    if measured.failed:
        return figures | {'failed': measured.failed}
    figures['beside'] = base.peer.name
    ratios = [theirs / ours for theirs, ours in zip(measured.nanoseconds, base.nanoseconds)]
    return figures | {
        'records': measured.records, 'start_seconds': round(measured.start, 3), 'peak_mb': round(measured.peak_mb),
        'ns_per_record': {'least': round(measured.least()), 'median': round(measured.median()), 'most': round(max(measured.nanoseconds))},
        'records_per_cpu_second': round(1e9 / measured.median()),
        'times_weir': {'least': round(min(ratios), 3), 'median': round(statistics.median(ratios), 3), 'most': round(max(ratios), 3)},
        **{name: round(value, 4) for name, value in measured.attacks.items()}}


def times(figure):
    return f'{figure:,.0f}' if figure >= 100 else f'{figure:.1f}' if figure >= 10 else f'{figure:.2f}'


def per_cent(peer, name):
    return f'{100 * peer[name]:.1f}' if name in peer else '–'


def row(peer):
    title = f'{peer["title"]} ({peer["version"]})'
    if 'failed' in peer:
        return f'| {title} | failed: {peer["failed"]} | | | | | |'
    ns, ratio = peer['ns_per_record'], peer['times_weir']
    return (f'| {title} | {peer["records_per_cpu_second"]:,} | {ns["median"] / 1000:,.2f} ({ns["least"] / 1000:,.2f} to {ns["most"] / 1000:,.2f}) '
            f'| {times(ratio["median"])} ({times(ratio["least"])} to {times(ratio["most"])}) | {peer["peak_mb"]:,} '
            f'| {per_cent(peer, "attacks_found")} | {per_cent(peer, "false_alarms")} |')


def markdown(report):
    labelled = report.get('labelled')
    lines = [f'{report["date"]}, {report["machine"]["processor"]}, {report["machine"]["system"]}: {report["records"]["count"]:,} records of '
             f'{report["records"]["bytes"] // max(1, report["records"]["count"]):,} bytes, {report["rounds"]} rounds in turns.'
             + (f' Found: of {labelled["malicious"]:,} attacks and {labelled["benign"]:,} harmless requests.' if labelled else ''), '',
             '| program | records a CPU second | µs a record | time of weir\'s | peak MB | attacks found, % | false alarms, % |',
             '| --- | --- | --- | --- | --- | --- | --- |', *(row(peer) for peer in report['peers']), '',
             '| program | what it does | what it leaves out | had by |', '| --- | --- | --- | --- |',
             *(f'| {peer["title"]} | {peer["does"]} | {peer["lacks"]} | `{peer["recipe"]}` |' for peer in report['peers'])]
    if report['missing']:
        lines += ['', '| not here | had by | why not |', '| --- | --- | --- |',
                  *(f'| {peer["title"]} | `{peer["recipe"]}` | {peer["why"]} |' for peer in report['missing'])]
    return '\n'.join(lines) + '\n'
