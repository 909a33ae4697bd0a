"""The documentation's site builds strictly, and would not with a link that leads nowhere or a page that nobody finds."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def build(folder, output):
    return subprocess.run([REPOSITORY / 'scripts/docs', '--no-install', '--config', folder / 'mkdocs.yml', '--output', output],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    output = tmp_path_factory.mktemp('site')
    done = build(REPOSITORY, output)
    assert done.returncode == 0, done.stdout + done.stderr
    return output


@pytest.fixture
def copied(tmp_path):
    """The sources, to be spoilt."""
    shutil.copy(REPOSITORY / 'mkdocs.yml', tmp_path)
    shutil.copytree(REPOSITORY / 'docs', tmp_path / 'docs')
    return tmp_path


def test_every_page_and_picture_is_in_the_site(site):
    for source in (REPOSITORY / 'docs').rglob('*'):
        if source.suffix in ('.md', '.png'):
            name = source.relative_to(REPOSITORY / 'docs')
            page = name.with_suffix('.html') if source.suffix == '.md' else name
            page = page.with_name('index.html') if name.stem == 'README' else page
            assert (site / page).is_file(), page
    assert '<img' in (site / 'dashboards.html').read_text(encoding='utf-8')


def test_a_newcomer_is_led_from_page_to_page(site):
    """From the first page to the first alert, the first hour, and on to dashboards and runbooks."""
    way = ['index.html', 'first-alert.html', 'first-hour.html', 'dashboards.html', 'runbooks.html']
    for page, further in zip(way, way[1:]):
        content = re.search(r'<article.*?</article>', (site / page).read_text(encoding='utf-8'), re.S)[0]
        assert f'href="{further}' in content, f'{page} does not lead to {further}'


def test_the_site_fetches_nothing_from_elsewhere(site):
    for page in site.rglob('*.html'):
        fetched = re.findall(r'<(?:script|img|iframe)[^>]*\ssrc="(?:https?:)?//[^"]*|<link[^>]*rel="(?:stylesheet|preconnect)"[^>]*href="(?:https?:)?//[^"]*',
                             page.read_text(encoding='utf-8'))
        assert not fetched, f'{page.name}: {fetched}'


@pytest.mark.parametrize('addition, named', [
    ('[x](no-such-page.md)', 'no-such-page.md'), ('[x](alerts.md#no-such-heading)', 'no-such-heading'), ('![x](pictures/no-such.png)', 'no-such.png')],
    ids=['page', 'anchor', 'picture'])
def test_what_leads_nowhere_fails_the_build(copied, addition, named):
    with open(copied / 'docs/index.md', 'a', encoding='utf-8') as page:
        page.write(f'\n{addition}\n')
    done = build(copied, copied / 'site')
    assert done.returncode == 1 and named in done.stdout + done.stderr


def test_a_page_that_the_navigation_lacks_fails_the_build(copied):
    (copied / 'docs/lost.md').write_text('# Lost\n')
    done = build(copied, copied / 'site')
    assert done.returncode == 1 and 'lost.md' in done.stdout + done.stderr
