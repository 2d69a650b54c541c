"""The models beside what their papers say of known customers, and beside simulated ones whose parameters are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import hyp2f1
from scipy.stats import beta as beta_distribution
from scipy.stats import gamma as gamma_distribution

from customers.bg_nbd import BgNbd, fit_bg_nbd, log_likelihood
from customers.gamma_gamma import GammaGamma, fit_gamma_gamma
from customers.likelihood import NotFitted, most_likely

CDNOW = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
"""The parameters of Fader, Hardie and Lee (2005) for the CDNOW sample, times in weeks."""

ONE = np.array([1.0])


def simulated(model: BgNbd, ages: np.ndarray, seed: int, ahead: float = 0.0) -> tuple[np.ndarray, ...]:
    """Customers who behave as the model says: repeats, recency, and the orders of the days ahead."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(model.r, 1.0 / model.alpha, len(ages))
    leaving = rng.beta(model.a, model.b, len(ages))
    repeats, recency, later = (np.zeros(len(ages)) for _ in range(3))
    for customer, age in enumerate(ages):
        at = 0.0
        while (at := at + rng.exponential(1.0 / rates[customer])) <= age + ahead:
            if at <= age:
                repeats[customer] += 1
                recency[customer] = at
            else:
                later[customer] += 1
            if rng.random() < leaving[customer]:
                break
    return repeats, recency, later


def test_a_customer_of_the_paper_is_expected_to_order_as_often_as_it_says() -> None:
    two, last, age = 2 * ONE, 30.43 * ONE, 38.86 * ONE
    assert CDNOW.orders(two, last, age, 39)[0] == pytest.approx(1.226, abs=0.001)
    assert CDNOW.alive(two, last, age)[0] == pytest.approx(0.7266, abs=0.001)


def test_nobody_leaves_without_a_second_order_and_who_is_long_silent_has_left() -> None:
    assert CDNOW.alive(0 * ONE, 0 * ONE, 38.86 * ONE)[0] == 1.0
    assert CDNOW.alive(26 * ONE, 6.0 * ONE, 38.86 * ONE)[0] < 1e-6


def test_the_likelihood_is_the_integral_over_the_customers_rates_and_probabilities() -> None:
    """Of two orders after the first, at 3 and 7 days, and silence until the day 20."""
    r, alpha, a, b = 0.8, 6.0, 1.2, 3.0
    rates, leaving = gamma_distribution(r, scale=1 / alpha), beta_distribution(a, b)

    stayed, _ = quad(lambda p: (1 - p) ** 2 * leaving.pdf(p), 0, 1)
    left, _ = quad(lambda p: p * (1 - p) * leaving.pdf(p), 0, 1)

    def of_rate(rate: float) -> float:
        density = rate**2 * (stayed * np.exp(-20 * rate) + left * np.exp(-7 * rate))
        return float(density * rates.pdf(rate))

    expected, _ = quad(of_rate, 0, np.inf, epsabs=1e-12)
    actual = log_likelihood(np.array([r, alpha, a, b]), 2 * ONE, 7 * ONE, 20 * ONE)[0]
    assert actual == pytest.approx(np.log(expected), abs=1e-7)


def test_parameters_of_simulated_customers_are_recovered() -> None:
    true = BgNbd(r=0.8, alpha=30.0, a=0.8, b=2.5)
    ages = np.random.default_rng(1).integers(100, 400, 8_000).astype(float)
    repeats, recency, later = simulated(true, ages, 2, ahead=90)

    fitted = fit_bg_nbd(repeats, recency, ages)

    assert (fitted.r, fitted.alpha, fitted.a, fitted.b) == pytest.approx((0.8, 30.0, 0.8, 2.5), rel=0.2)
    assert fitted.orders(repeats, recency, ages, 90).sum() == pytest.approx(later.sum(), rel=0.05)
    by_repeats = np.minimum(repeats, 4).astype(int)
    expected = np.bincount(by_repeats, fitted.orders(repeats, recency, ages, 90)) / np.bincount(by_repeats)
    came = np.bincount(by_repeats, later) / np.bincount(by_repeats)
    assert expected == pytest.approx(came, rel=0.15, abs=0.05)


def test_times_in_another_unit_give_the_same_customers() -> None:
    ages = np.linspace(50, 300, 400)
    repeats, recency, _ = simulated(BgNbd(0.8, 30.0, 0.8, 2.5), ages, 3)
    days, hours = fit_bg_nbd(repeats, recency, ages), fit_bg_nbd(repeats, recency * 24, ages * 24)
    assert (hours.r, hours.alpha / 24, hours.a, hours.b) == pytest.approx(
        (days.r, days.alpha, days.a, days.b), rel=1e-3
    )


@pytest.mark.parametrize("model", [CDNOW, BgNbd(0.8, 30.0, 1.3, 2.5), BgNbd(5.0, 2.0, 0.05, 0.3)])
def test_expected_orders_are_those_of_equation_10(model: BgNbd) -> None:
    for x, recency, age in ((0.0, 0.0, 40.0), (1.0, 5.0, 9.0), (12.0, 30.0, 40.0)):
        c, end = model.a + model.b + x - 1, model.alpha + age + 39
        power = ((model.alpha + age) / end) ** (model.r + x)
        missed = power * hyp2f1(model.r + x, model.b + x, c, 39 / end)
        alive = model.alive(x * ONE, recency * ONE, age * ONE)[0]
        expected = c / (model.a - 1) * (1 - missed) * alive
        assert model.orders(x * ONE, recency * ONE, age * ONE, 39)[0] == pytest.approx(expected, rel=1e-7)


def test_customers_who_are_all_the_same_have_finite_expectations() -> None:
    for repeats, recency in ((0.0, 0.0), (1.0, 30.0), (200.0, 99.0)):
        same = np.full(80, repeats), np.full(80, recency), np.full(80, 100.0)
        expected = fit_bg_nbd(*same).orders(*same, 90)
        assert np.isfinite(expected).all()
        assert (expected >= 0).all()
        assert (expected <= 1.5 * 0.9 * (repeats + 1)).all()


def test_values_of_simulated_orders_are_recovered() -> None:
    rng = np.random.default_rng(4)
    true = GammaGamma(p=6.0, q=4.0, v=45.0)
    orders = rng.integers(1, 12, 8_000).astype(float)
    scales = rng.gamma(true.q, 1.0 / true.v, len(orders))
    mean = np.array([rng.gamma(true.p, 1.0 / scale, int(n)).mean() for n, scale in zip(orders, scales, strict=True)])

    fitted = fit_gamma_gamma(orders, mean)

    assert (fitted.p, fitted.q, fitted.v) == pytest.approx((6.0, 4.0, 45.0), rel=0.1)
    assert fitted.mean_value(orders, mean) == pytest.approx(true.mean_value(orders, mean), rel=0.05)


def test_what_few_orders_say_is_drawn_to_what_all_are_worth() -> None:
    model = GammaGamma(p=6.0, q=4.0, v=45.0)  # 6 * 45 / 3 = 90 on average
    once, often = model.mean_value(ONE, 300 * ONE)[0], model.mean_value(20 * ONE, 300 * ONE)[0]
    assert model.mean_value(0 * ONE, 0 * ONE)[0] == pytest.approx(90.0)
    assert 90 < once < often < 300
    assert model.mean_value(2 * ONE, -50 * ONE)[0] == model.mean_value(2 * ONE, 0 * ONE)[0] > 0


def test_nobody_to_fit_to_is_said() -> None:
    with pytest.raises(NotFitted, match="No parameters fit"):
        fit_gamma_gamma(np.array([1.0, 2.0]), np.array([0.0, -1.0]))
    with pytest.raises(NotFitted):
        most_likely(lambda _: float("nan"), [(1.0,)])
