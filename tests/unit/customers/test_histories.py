"""What bookings say of customers, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from customers.calibration import hold_out, hold_outs
from customers.history import Bookings, histories

ADA, BOB, GUEST, CYD = range(4)


def booked(*rows: tuple[int, int, int, int, int, int, float]) -> Bookings:
    """Rows of customer, order, day, orders, guest orders, cancellations, net."""
    columns = list(zip(*rows, strict=True))
    return Bookings(*(np.asarray(each, np.int64) for each in columns[:6]), np.asarray(columns[6], np.float64))


SHOP = booked(
    (ADA, 0, 10, 1, 0, 0, 20.0),
    (ADA, 0, 14, 0, 0, 0, -5.0),
    (ADA, 1, 30, 1, 0, 0, 10.0),
    (ADA, 2, 30, 1, 0, 0, 9.0),
    (BOB, 3, 12, 1, 0, 0, 7.0),
    (BOB, 3, 20, 0, 0, 1, -7.0),  # cancelled
    (BOB, 4, 15, 1, 0, 0, 8.0),
    (BOB, 4, 16, 0, 0, 1, -3.0),  # cancelled in part
    (GUEST, 5, 15, 1, 1, 0, 8.0),
    (CYD, 6, 18, 1, 0, 0, 4.0),
    (CYD, 6, 25, 0, 0, 0, -4.0),  # given back, and yet an order
)


def rows_on(day: int) -> list[tuple[float, ...]]:
    known = histories(SHOP, day)
    columns = (known.customer, known.orders, known.repeats, known.recency, known.age, known.net, known.mean)
    return [tuple(row) for row in zip(*(each.tolist() for each in columns), strict=True)]


def test_orders_count_until_they_are_cancelled_and_refunds_take_their_value_off() -> None:
    assert rows_on(40) == [
        (ADA, 3, 2, 20, 30, 34.0, 34 / 3),
        (BOB, 1, 0, 0, 25, 5.0, 5.0),
        (CYD, 1, 0, 0, 22, 0.0, 0.0),
    ]


def test_nothing_is_known_of_later_days() -> None:
    assert rows_on(18) == [
        (ADA, 1, 0, 0, 8, 15.0, 15.0),
        (BOB, 2, 1, 3, 6, 12.0, 6.0),  # the cancellation of the day 20 has not come yet
        (CYD, 1, 0, 0, 0, 4.0, 4.0),
    ]
    assert rows_on(9) == []


def test_a_hold_out_counts_what_came_of_those_who_were_known() -> None:
    many = [(user, 10 * user + n, day, 1, 0, 0, 5.0) for user in range(60) for n, day in enumerate((0, 20 + user, 90))]
    late = [(99, 999, 95, 1, 0, 0, 1_000.0)]  # a new customer is nobody's error
    given_back = [(0, 2, 100, 0, 0, 0, -2.0), (1, 12, 100, 0, 0, 1, -5.0)]

    one = hold_out(booked(*many, *late, *given_back), 85, 110)

    assert one is not None
    assert (one.customers, one.orders, one.value) == (60, 59, 60 * 5.0 - 7.0)
    assert one.orders_error == pytest.approx(one.expected_orders / 59 - 1)
    assert one.value_error == pytest.approx(one.expected_value / 293 - 1)
    assert hold_out(booked(*many), 0, 10) is None


def test_hold_outs_follow_one_another_as_long_as_as_many_days_are_before_them() -> None:
    many = [(user, 10 * user + n, day, 1, 0, 0, 5.0) for user in range(60) for n, day in enumerate((0, 20 + user, 99))]
    assert [(one.first, one.last) for one in hold_outs(booked(*many), 99, 30)] == [(70, 99), (40, 69)]
