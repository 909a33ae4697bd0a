"""Pictures of the shipped dashboards: a real Prometheus' answers, drawn by Grafana's own components in Chromium.

The components are those of the npm packages @grafana/ui and @grafana/data, bundled once per version into a cache
(panels/panels.jsx). What is not theirs, and therefore ours: the place of each panel, by Grafana's grid, the titles of rows, and
the lines of the annotations.
"""
import hashlib
import html.parser
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

import dashboards
from kafka_broker import locked

SOURCE = Path(__file__).resolve().parent / 'panels'
FILES = ('package.json', 'package-lock.json', 'panels.jsx')
WIDTH = 1600
# Of Grafana's grid, with the gap below each cell; and of the title above it (panels/panels.jsx).
CELL, TITLE = 38, 56


def bundle():
    """The folder with panels.js and panels.css; downloads the packages and bundles them when they are new."""
    digest = hashlib.sha256(b''.join((SOURCE / name).read_bytes() for name in FILES)).hexdigest()[:12]
    cache = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'weir-tests'
    folder = cache / f'panels-{digest}'
    with locked(cache / 'panels.lock'):
        if not (folder / 'panels.js').exists():
            with tempfile.TemporaryDirectory() as work:
                for name in FILES:
                    shutil.copy(SOURCE / name, work)
                _npm(work, 'ci', '--no-audit', '--no-fund', '--ignore-scripts')
                _npm(work, 'run', 'build')
                shutil.rmtree(folder, ignore_errors=True)
                shutil.move(Path(work) / 'build', folder)
    return folder


def _npm(folder, *arguments):
    done = subprocess.run(['npm', *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f'npm {arguments}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}'


class Period:
    """The time that a picture shows, in seconds since 1970, and the resolution as Grafana would choose it for the scrape interval."""

    def __init__(self, start, end, scrape_seconds):
        self.start, self.end = start, end
        self.step = max(scrape_seconds, (end - start) // 400)
        self.built_in = {**dashboards.BUILT_IN, '__interval': f'{self.step}s', '__range': f'{end - start}s',
                         '__rate_interval': f'{max(self.step + scrape_seconds, 4 * scrape_seconds)}s'}


def _ask(url, what, **parameters):
    with urllib.request.urlopen(f'{url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}', timeout=30) as answer:
        return json.load(answer)['data']['result']


def _answers(url, target, values, period):
    """[{labels, values}] of one query of a panel."""
    expression = dashboards.fill_in(target['expr'], values)
    if target['instant']:
        result = _ask(url, 'query', query=expression, time=period.end)
        return [{'labels': one['metric'], 'values': [one['value']]} for one in result]
    result = _ask(url, 'query_range', query=expression, start=period.start, end=period.end, step=period.step)
    return [{'labels': one['metric'], 'values': one['values']} for one in result]


def _marks(url, annotation, values, period):
    """The times at which an annotation's query begins to have a value."""
    times = set()
    for one in _ask(url, 'query_range', query=dashboards.fill_in(annotation['expr'], values), start=period.start, end=period.end, step=period.step):
        before = 0
        for time, _ in one['values']:
            if time - before > 2 * period.step:
                times.add(time * 1000)
            before = time
    return {'name': annotation['name'], 'colour': annotation['iconColor'], 'times': sorted(times)}


def collected(path, url, period):
    """What panels.jsx draws: the dashboard's panels, each with Prometheus' answers to its queries."""
    dashboard = json.loads(path.read_text(encoding='utf-8'))
    values = {**dashboards.variables(dashboard), **period.built_in}
    panels = [{**panel, 'results': [_answers(url, target, values, period) for target in panel.get('targets', [])]}
              for panel in dashboards.panels(dashboard)]
    marks = [_marks(url, annotation, values, period) for annotation in dashboard['annotations']['list']]
    return {'title': dashboard['title'], 'width': WIDTH, 'from': period.start * 1000, 'to': period.end * 1000, 'step': period.step * 1000,
            'panels': panels, 'marks': marks}


def height(data):
    return TITLE + CELL * max(panel['gridPos']['y'] + panel['gridPos']['h'] for panel in data['panels'])


def _chromium(data, *arguments):
    """Chromium's standard output for a page that shows the data."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ('panels.js', 'panels.css'):
            shutil.copy(bundle() / name, folder)
        page = Path(folder) / 'page.html'
        page.write_text('<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="panels.css"><body style="margin:0">'
                        '<div id="dashboard"></div><script>window.dashboard = ' + json.dumps(data).replace('</', '<\\/') +
                        '</script><script src="panels.js"></script>', encoding='utf-8')
        # Chromium's own sandbox does not work for root, and the page is ours.
        done = subprocess.run(['chromium', '--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--force-device-scale-factor=1',
                               f'--user-data-dir={folder}/profile', f'--window-size={WIDTH},{height(data)}', '--virtual-time-budget=20000',
                               *arguments, page.as_uri()], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


def draw(data, picture):
    """Writes the PNG."""
    picture.unlink(missing_ok=True)
    _chromium(data, f'--screenshot={picture}')
    assert picture.exists(), 'Chromium wrote no picture'
    # 256 colours are enough for lines on a dark ground, and a third of the bytes.
    subprocess.run(['pngquant', '--force', '--strip', '--nofs', '--ext', '.png', '--', picture], stdin=subprocess.DEVNULL, check=True)


class _Texts(html.parser.HTMLParser):
    """The text within each element with the attribute data-panel, and whether a graph was drawn in it."""

    def __init__(self):
        super().__init__()
        self.panels = {}
        self.drawn = False
        self._depth, self._panel = 0, None

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.drawn |= tag == 'body' and 'data-drawn' in attributes
        if 'data-panel' in attributes:
            self._panel, self._depth = int(attributes['data-panel']), 0
            self.panels[self._panel] = {'text': '', 'canvas': False}
        if self._panel is not None:
            self._depth += tag == 'div'
            self.panels[self._panel]['canvas'] |= tag == 'canvas'

    def handle_endtag(self, tag):
        if self._panel is not None and tag == 'div':
            self._depth -= 1
            if self._depth == 0:
                self._panel = None

    def handle_data(self, data):
        if self._panel is not None:
            self.panels[self._panel]['text'] += data + ' '


def seen(data):
    """{id of a panel: {'text': what stands in it, 'canvas': whether a graph is in it}}, as the browser has it."""
    texts = _Texts()
    texts.feed(_chromium(data, '--dump-dom'))
    assert texts.drawn, 'the page was not drawn'
    return texts.panels


def main(arguments):
    from busy_site import BusySite
    from kafka_broker import KafkaBroker
    minutes, output = float(arguments[0]), Path(arguments[1])
    output.mkdir(parents=True, exist_ok=True)
    bundle()
    with tempfile.TemporaryDirectory() as work:
        broker = KafkaBroker(Path(work) / 'kafka').start()
        site = BusySite(broker, Path(work) / 'site')
        try:
            print(f'{minutes:g} minutes of traffic', flush=True)
            period = Period(*site.start().run(60 * minutes), site.scrape_seconds)
            for path in dashboards.dashboards():
                data = collected(path, site.prometheus.url, period)
                draw(data, output / f'{path.stem}.png')
                empty = [panel['title'] for panel in data['panels'] if panel['type'] != 'row' and not any(panel['results'])]
                print(f'{output / path.stem}.png{": no data in " + ", ".join(empty) if empty else ""}', flush=True)
        finally:
            site.stop()
            broker.stop()


if __name__ == '__main__':
    main(sys.argv[1:])
