"""scripts/fit-weights: what it may change, and what it must not."""
import argparse
import importlib.machinery
import importlib.util
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='module')
def fit_weights():
    loader = importlib.machinery.SourceFileLoader('fit_weights', str(REPOSITORY / 'scripts' / 'fit-weights'))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('fit_weights', loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def rules(fit_weights):
    """A sure sign, a signal, a doubtful rule that decides alone, and one that only informs."""
    return [fit_weights.Rule(number, f'id-{number}', 'sqli', weight, title)
            for number, (weight, title) in enumerate([(10, 'sure'), (5, 'signal'), (10, 'doubtful'), (0, 'informs')])]


def pattern(fit_weights, hits, attack, count, source='one'):
    made = fit_weights.Pattern(hits, attack, 'sqli' if attack else 'none', source)
    made.count = count
    return made


def test_a_score_is_capped_for_each_category(fit_weights):
    assert fit_weights.score([[0, 1], [2]], [25, 25, 25]) == 30 + 25


def test_a_signal_that_only_attacks_show_is_raised_and_one_that_benign_requests_show_is_not(fit_weights, rules):
    only_attacks = [pattern(fit_weights, (1,), True, 500), pattern(fit_weights, (), False, 500)]
    assert fit_weights.fit(only_attacks, rules, 0.0001)[1] == 10
    both = [pattern(fit_weights, (1,), True, 500), pattern(fit_weights, (1,), False, 500)]
    assert fit_weights.fit(both, rules, 0.0001)[1] <= 5


def test_a_sure_sign_is_never_lowered_a_doubtful_rule_is(fit_weights, rules):
    patterns = [pattern(fit_weights, (0,), False, 1), pattern(fit_weights, (2,), False, 2000), pattern(fit_weights, (), False, 5000),
                pattern(fit_weights, (2,), True, 10), pattern(fit_weights, (0,), True, 10)]
    assert 0 in fit_weights.sure_signs(patterns, rules) and 2 not in fit_weights.sure_signs(patterns, rules)
    weights = fit_weights.fit(patterns, rules, 0.0001)
    assert weights[0] == 10 and weights[2] < 10


def test_a_rule_that_was_never_hit_and_one_without_weight_keep_theirs(fit_weights, rules):
    weights = fit_weights.fit([pattern(fit_weights, (1, 3), True, 100), pattern(fit_weights, (), False, 100)], rules, 0.0001)
    assert weights[2] == 10 and weights[3] == 0


def test_strong_regularisation_changes_nothing(fit_weights, rules):
    patterns = [pattern(fit_weights, (1,), True, 500), pattern(fit_weights, (2,), False, 500)]
    assert fit_weights.fit(patterns, rules, 10) == [rule.weight for rule in rules]


def test_what_is_held_out_was_not_fitted_to(fit_weights, rules):
    """A source of its own kind gains nothing from weights fitted without it."""
    patterns = [pattern(fit_weights, (1,), True, 100, 'lists'), pattern(fit_weights, (0,), True, 100, 'others'),
                pattern(fit_weights, (), False, 100, 'benign')]
    by_hand, fitted = fit_weights.cross_validate(patterns, rules, lambda one: one.source, argparse.Namespace(folds=3, strength=0.0001))
    assert by_hand['tpr_all'] == fitted['tpr_all'] == 0.5


def test_writing_changes_the_line_of_the_weight_and_nothing_else(fit_weights, tmp_path):
    text = 'title: "weight: 3"\nid: id-1\nweir:\n  category: sqli\n  weight: 5   # why\n---\ntitle: b\nid: id-2\nweir:\n  weight: 7\n'
    (tmp_path / 'a.yml').write_text(text)
    assert fit_weights.write_weights(tmp_path, {'id-1': 12}) == 1
    assert (tmp_path / 'a.yml').read_text() == text.replace('weight: 5', 'weight: 12')
    with pytest.raises(SystemExit):
        fit_weights.write_weights(tmp_path, {'id-9': 1})
