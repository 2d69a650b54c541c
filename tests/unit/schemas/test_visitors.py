"""Whose an anonymous event is, beside the same rule in plain Python (``tests/support/visitors.py``)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.interactions import Interaction, counted
from schemas.visitors import (
    BEFORE_MS,
    MOST_CHANGES,
    NOBODY,
    VISIT_MS,
    Identity,
    IdentityChange,
    anonymous,
    identity_change,
    merged,
    plain,
    session_digest,
)
from tests.support.visitors import Change, person_of

STEP_MS = VISIT_MS // 2
CHANGES = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["", "ada", "bob", "eve"]), st.sampled_from(["", "s1", "s2"])),
    max_size=8,
)


def change(time_ms: int, user: str, session: str = "", event_id: str = "e") -> IdentityChange:
    return IdentityChange(time_ms, user, session_digest(session), event_id)


def identity(*changes: tuple[int, str] | tuple[int, str, str]) -> Identity:
    return Identity(change(each[0], *each[1:], event_id=f"e{n}") for n, each in enumerate(changes))  # type: ignore[misc]


@settings(max_examples=500, deadline=None)
@given(CHANGES, st.integers(0, 12), st.sampled_from(["", "s1", "s2"]), st.sampled_from([STEP_MS, BEFORE_MS // 3]))
def test_whose_an_event_is_is_what_plain_python_says(
    given_changes: list[tuple[int, str, str]], step: int, session: str, step_ms: int
) -> None:
    changes = [Change(f"e{n}", at * step_ms, "v", user, visit) for n, (at, user, visit) in enumerate(given_changes)]
    expected = person_of(changes, "v", step * step_ms, session)
    made = Identity(change(each.time_ms, each.user, each.session, each.event_id) for each in reversed(changes))
    assert made.person_of(step * step_ms, session_digest(session)) == expected


def test_a_visit_is_the_users_who_signs_in_during_it() -> None:
    shared = identity((0, "ada", "s1"), (10 * VISIT_MS, "bob", "s2"))
    visit = session_digest("s2")
    assert shared.person_of(10 * VISIT_MS - 1, visit) == "bob"
    assert shared.person_of(8 * VISIT_MS, visit) == "bob"  # hours before
    endless = identity((0, "ada", "s1"), (BEFORE_MS + 2, "bob", "s2"))
    assert [endless.person_of(at, visit) for at in (1, 2)] == ["ada", "bob"]  # no link reaches back further
    assert shared.person_of(8 * VISIT_MS, session_digest("s3")) == "ada"
    assert shared.person_of(11 * VISIT_MS, session_digest("s4")) == "bob"


def test_after_a_sign_out_the_visitor_is_nobody() -> None:
    one = identity((10, "ada"), (20, NOBODY))
    assert [one.person_of(at, "") for at in (5, 10, 19, 20, 21)] == ["ada", "ada", "ada", NOBODY, NOBODY]
    at_once = identity((10, NOBODY), (10, "ada"))
    assert at_once.person_of(11, "") == NOBODY  # a link counts before a sign-out of the same time


def test_who_was_never_linked_before_is_the_first_user_within_thirty_days() -> None:
    later = identity((BEFORE_MS + 5, "ada"), (BEFORE_MS + 6, "bob"))
    assert [later.person_of(at, "") for at in (4, 5)] == [NOBODY, "ada"]
    assert identity((1, NOBODY), (BEFORE_MS, "ada")).person_of(2, "") == "ada"


def test_of_two_links_at_one_time_the_smaller_event_id_is_the_first() -> None:
    both = Identity([change(10, "bob", event_id="e2"), change(10, "ada", event_id="e1")])
    assert (both.person_of(9, ""), both.person_of(11, "")) == ("ada", "bob")


def test_whose_events_are_before_all_that_is_kept_is_not_known() -> None:
    kiosk = identity(*((n * 10, f"u{n}") for n in range(1, MOST_CHANGES + 1)))
    assert kiosk.person_of(10, "") == NOBODY
    assert kiosk.person_of(11, "") == "u2"
    signed_out = Identity([change(n, NOBODY, event_id=f"e{n}") for n in range(1, MOST_CHANGES)] + [change(500, "ada")])
    assert signed_out.person_of(500, "") == "ada"
    assert signed_out.person_of(0, "") == NOBODY


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (("user_login", "v", "ada", "s", 5, "e"), IdentityChange(5, "ada", session_digest("s"), "e")),
        (("purchase", "v", "ada", "", 5, "e"), IdentityChange(5, "ada", "", "e")),
        (("user_logout", "v", "ada", "", 5, "e"), IdentityChange(5, NOBODY, "", "e")),
        (("user_logout", "v", "v", "", 5, "e"), IdentityChange(5, NOBODY, "", "e")),
        (("user_login", "v", "v", "", 5, "e"), None),
        (("user_login", "", "ada", "", 5, "e"), None),
        (("user_logout", "", "ada", "", 5, "e"), None),
        (("view_item", "v", "ada", "", 5, "e"), None),
    ],
)
def test_what_an_event_says_of_who_its_visitor_is(
    event: tuple[str, str, str, str, int, str], expected: IdentityChange | None
) -> None:
    made = identity_change(*event)
    assert made == expected
    if made is not None:
        assert IdentityChange.of_member(made.member, float(made.time_ms)) == made


def test_a_history_counts_the_newest_of_anonymous_events() -> None:
    history = [
        (anonymous("view_item:a", 7, "s"), 7.0),
        ("view_item:a", 6.0),
        (anonymous("view_item:a", 5, ""), 5.0),
        (anonymous("add_to_cart:b", 3, ""), 3.0),
        (anonymous("remove_from_cart:b", 4, ""), 4.0),
    ]
    assert plain(history) == [("add_to_cart:b", 3.0), ("remove_from_cart:b", 4.0), ("view_item:a", 7.0)]
    assert counted(iter(history)) == [Interaction("view_item", "a", 7.0)]


def test_a_purchase_of_an_earlier_release_is_not_counted_beside_the_same_one() -> None:
    line = 'purchase:["o","a",2,"1","e1",1]'
    cancelled = 'refund:["o","a",2,"1","e2",1]'
    assert counted([(line, 1.0), (anonymous(line, 1, "s"), 1.0), (anonymous(cancelled, 2, "s"), 2.0)]) == []


def test_a_merged_history_has_what_is_the_users_of_each_visitor() -> None:
    shared = identity((10, "ada"), (20, NOBODY), (30 + VISIT_MS, "bob"))
    history = [(anonymous(f"view_item:{at}", at, ""), float(at)) for at in (9, 19, 25, 30)]
    history.append(("view_item:by its own id", 11.0))
    of_visitors = {"v": (shared, history)}
    assert merged("ada", [("view_item:9", 1.0)], of_visitors) == [("view_item:9", 9.0), ("view_item:19", 19.0)]
    assert merged("bob", [], of_visitors) == [("view_item:30", 30.0)]
    assert [member for member, _ in merged("v", history, {})] == [
        "view_item:9",
        "view_item:by its own id",
        "view_item:19",
        "view_item:25",
        "view_item:30",
    ]
