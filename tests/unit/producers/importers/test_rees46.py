"""The importer of REES46's data sets, row by row."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.encoder import EventEncoder
from producers.importers import open_importer
from producers.importers.importer import ImportedEvent, RejectedRow
from producers.importers.lines import MAX_LINE_BYTES
from producers.importers.rees46 import Rees46
from producers.publisher import checked_bytes
from schemas.codec import load_schema
from schemas.errors import ConfigurationError

Event = dict[str, Any]
ENCODER = EventEncoder(load_schema("shop_event"), 1)

HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"
SESSION = "9333dfbd-b87a-4708-9857-6336556b0fcc"
VIEW = (
    "2019-10-01 00:00:00 UTC,view,44600062,2103807459595387724,"
    f"electronics.smartphone,shiseido,35.79,541312140,{SESSION}"
)
MIDNIGHT_MS = 1_569_888_000_000


def row(**changes: str) -> str:
    return ",".join((dict(zip(HEADER.split(","), VIEW.split(","), strict=True)) | changes).values())


def written(path: Path, *rows: str, end: str = "\n") -> Path:
    path.write_bytes("".join(line + end for line in (HEADER, *rows)).encode())
    return path


def entries(path: Path) -> list[ImportedEvent | RejectedRow]:
    return list(Rees46(path).events())


def events(path: Path) -> list[Event]:
    read = entries(path)
    assert all(isinstance(entry, ImportedEvent) for entry in read), read
    return [entry.event for entry in read if isinstance(entry, ImportedEvent)]


def only_event(tmp_path: Path, **changes: str) -> Event:
    (event,) = events(written(tmp_path / "x.csv", row(**changes)))
    assert checked_bytes(event, ENCODER)
    return event


def given_fields(event: Event) -> Event:
    return {name: value for name, value in event.items() if value is not None}


def test_a_view_keeps_what_its_row_says(tmp_path: Path) -> None:
    event = only_event(tmp_path)
    event_id = event.pop("event_id")
    assert event_id.startswith("rees46:")
    assert event_id.endswith(":1")
    assert event == {
        "event_type": "view_item",
        "event_time": MIDNIGHT_MS,
        "user_id": "541312140",
        "source": "rees46",
        "session_id": SESSION,
        "product_id": "44600062",
        "category": "electronics > smartphone",
        "brand": "shiseido",
        "price": Decimal("35.79"),
        "currency": "USD",
        "properties": {"category_id": "2103807459595387724"},
    }


def test_it_was_received_when_it_happened(tmp_path: Path) -> None:
    (entry,) = entries(written(tmp_path / "x.csv", VIEW))
    assert isinstance(entry, ImportedEvent)
    assert entry.received_at_ms == MIDNIGHT_MS


@pytest.mark.parametrize(
    ("event_type", "expected"), [("cart", "add_to_cart"), ("remove_from_cart", "remove_from_cart")]
)
def test_what_moves_in_a_cart_is_one_unit(tmp_path: Path, event_type: str, expected: str) -> None:
    event = only_event(tmp_path, event_type=event_type)
    assert (event["event_type"], event["quantity"], event["product_id"]) == (expected, 1, "44600062")
    assert event["price"] == Decimal("35.79")


def test_a_purchase_is_an_order_of_one_line(tmp_path: Path) -> None:
    event = only_event(tmp_path, event_type="purchase")
    assert event["event_type"] == "purchase"
    assert event["order_id"] == event["event_id"]
    assert (event["value"], event["currency"]) == (Decimal("35.79"), "USD")
    assert event["items"] == [
        {
            "product_id": "44600062",
            "quantity": 1,
            "price": Decimal("35.79"),
            "category": "electronics > smartphone",
        }
    ]


def test_what_is_empty_is_left_out(tmp_path: Path) -> None:
    event = given_fields(only_event(tmp_path, category_id="", category_code="", brand="", user_session=""))
    assert event.keys() == {
        *("event_id", "event_type", "event_time", "user_id", "source"),
        *("product_id", "price", "currency"),
    }
    bought = only_event(tmp_path, category_code="", event_type="purchase")
    assert bought["items"][0]["category"] is None


@pytest.mark.parametrize("price", ["0", "0.00", "0.01", "1.50000", "2574.07", "0.0001", "99999999999999.9999"])
def test_a_price_is_exact(tmp_path: Path, price: str) -> None:
    event = only_event(tmp_path, price=price, event_type="purchase")
    assert event["price"] == event["value"] == Decimal(price)


def test_a_category_has_as_many_levels_as_its_code(tmp_path: Path) -> None:
    assert only_event(tmp_path, category_code="apparel")["category"] == "apparel"
    assert only_event(tmp_path, category_code="a.b.c")["category"] == "a > b > c"


def test_a_field_may_stand_in_quotes(tmp_path: Path) -> None:
    assert only_event(tmp_path, brand='"bosch, ""home"""')["brand"] == 'bosch, "home"'


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_compressed_file_and_any_line_ends_give_the_same_events(tmp_path: Path, end: str) -> None:
    rows = [VIEW, row(brand="électro"), row(event_type="cart")]
    plain = events(written(tmp_path / "plain.csv", *rows))
    other = written(tmp_path / "other.csv", *rows, end=end)
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(other.read_bytes()))
    assert events(other) == events(packed) == plain
    assert len(plain) == 3


def test_a_byte_order_mark_a_blank_line_and_a_missing_last_line_end_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\n\n{VIEW}\n\n{VIEW}".encode())
    assert len(events(path)) == 2


def test_equal_rows_are_events_of_their_own(tmp_path: Path) -> None:
    ids = [event["event_id"] for event in events(written(tmp_path / "x.csv", VIEW, row(brand="b"), VIEW, VIEW))]
    base = ids[0].removesuffix(":1")
    assert ids == [f"{base}:1", ids[1], f"{base}:2", f"{base}:3"]
    assert not ids[1].startswith(base)


def test_a_part_of_a_file_gives_the_ids_of_the_whole(tmp_path: Path) -> None:
    later = [row(event_time=f"2019-10-01 00:00:0{second} UTC") for second in (1, 1, 2)]
    whole = events(written(tmp_path / "whole.csv", VIEW, VIEW, *later))
    part = events(written(tmp_path / "part.csv", *later))
    assert whole[2:] == part


def test_a_file_that_goes_back_in_time_loses_no_row(tmp_path: Path) -> None:
    later = row(event_time="2019-10-01 00:00:01 UTC")
    path = written(tmp_path / "x.csv", VIEW, later, VIEW, later, VIEW)
    ids = [event["event_id"] for event in events(path)]
    assert [event_id.rpartition(":")[2] for event_id in ids] == ["1", "1", "1.1", "1.1", "2.1"]
    assert len(set(ids)) == 5
    assert ids == [event["event_id"] for event in events(path)]


BAD = {
    "has 8 columns instead of 9": VIEW.rpartition(",")[0],
    "has 10 columns instead of 9": VIEW + ",x",
    "event_time: '2019-10-01' is not a time like '2019-10-01 00:00:00 UTC'": row(event_time="2019-10-01"),
    "event_time: '2019-13-01 00:00:00 UTC' is not a time": row(event_time="2019-13-01 00:00:00 UTC"),
    "event_type: 'wishlist' is none of view, cart, remove_from_cart, purchase": row(event_type="wishlist"),
    "product_id: is empty": row(product_id=""),
    "user_id: is empty": row(user_id=""),
    "user_id: is longer than 256 characters": row(user_id="7" * 257),
    "price: '' is not a price like 35.79": row(price=""),
    "price: 'NaN' is not a price like 35.79": row(price="NaN"),
    "price: '1e3' is not a price like 35.79": row(price="1e3"),
    "price: '-79.37' is not between 0 and 100000000000000": row(price="-79.37"),
    "price: '100000000000000' is not between 0": row(price="100000000000000"),
    "price: '0.12345' has more than 4 decimals": row(price="0.12345"),
    "is not CSV: unexpected end of data": row(brand='"bosch'),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_row_is_kept_with_its_line_and_its_reason(tmp_path: Path, reason: str) -> None:
    good, bad, other = entries(written(tmp_path / "x.csv", VIEW, BAD[reason], VIEW))
    assert isinstance(good, ImportedEvent)
    assert isinstance(other, ImportedEvent)
    assert isinstance(bad, RejectedRow)
    assert (bad.file, bad.line, bad.raw) == ("x.csv", 3, BAD[reason].encode())
    assert bad.reason.startswith(reason)
    assert str(bad).startswith(f"x.csv, line 3: {reason}")


def test_bytes_that_are_no_text_are_one_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(f"{HEADER}\n".encode() + b"\xff\x00\n" + f"{VIEW}\n".encode())
    bad, good = entries(path)
    assert isinstance(bad, RejectedRow)
    assert (bad.line, bad.reason, bad.raw) == (2, "is not UTF-8: invalid start byte at byte 0", b"\xff\x00")
    assert isinstance(good, ImportedEvent)


def test_a_line_of_any_length_is_kept_in_pieces(tmp_path: Path) -> None:
    long = "x" * (2 * MAX_LINE_BYTES) + row(brand="long")
    *pieces, good = entries(written(tmp_path / "x.csv", long, VIEW))
    assert isinstance(good, ImportedEvent)
    rejected = [piece for piece in pieces if isinstance(piece, RejectedRow)]
    assert len(rejected) == len(pieces) == 3
    assert {piece.line for piece in rejected} == {2}
    assert b"".join(piece.raw for piece in rejected) == long.encode()


FIELDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n"), max_size=6)
ROWS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["2019-10-01 00:00:00 UTC", "2019-10-01 00:00:01 UTC", "soon"]),
            st.sampled_from(["view", "cart", "remove_from_cart", "purchase", "refund"]),
            st.sampled_from(["1", "2", ""]),
            FIELDS,
            FIELDS,
            FIELDS,
            st.one_of(st.decimals(-2, 10**15, allow_nan=False).map(str), st.sampled_from(["5", "5.10"])),
            st.sampled_from(["1", "2"]),
            FIELDS,
        ).map(",".join),
        FIELDS,
        st.just(VIEW),
    ),
    max_size=30,
)


@given(ROWS)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_row_becomes_one_valid_event_of_its_own_or_is_kept(tmp_path: Path, rows: list[str]) -> None:
    path = written(tmp_path / "x.csv", *rows)
    read = entries(path)
    good = [entry.event for entry in read if isinstance(entry, ImportedEvent)]
    bad = [entry for entry in read if isinstance(entry, RejectedRow)]
    assert len(good) + len(bad) == sum(bool(line) for line in rows)
    assert len({event["event_id"] for event in good}) == len(good)
    assert all(checked_bytes(event, ENCODER) for event in good)
    assert all(entry.raw.decode() == rows[entry.line - 2] for entry in bad)
    assert entries(path) == read


def test_how_far_the_file_is_read_is_known_on_the_way(tmp_path: Path) -> None:
    importer = Rees46(written(tmp_path / "x.csv", *[VIEW] * 20_000))
    seen = [importer.file.read_bytes for _ in importer.events()]
    assert importer.total is None
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] == importer.file.read_bytes == importer.file.size_bytes


def test_a_broken_archive_says_after_which_line_it_breaks(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    rows = "".join(f"{row(user_session=str(number))}\n" for number in range(100_000))
    path.write_bytes(gzip.compress(f"{HEADER}\n{rows}".encode())[:-5000])
    with pytest.raises(ConfigurationError, match=r"x\.csv\.gz cannot be read beyond line \d{4,}: .*end-of-stream"):
        list(Rees46(path).events())


def test_a_wrong_header_is_answered_with_the_right_one(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("event_time,event_type,product_id\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"begins with 'event_time,event_type,product_id'\..*is {HEADER}"):
        open_importer("rees46", path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.touch()
    with pytest.raises(ConfigurationError, match="begins with ''"):
        open_importer("rees46", path)


def test_a_zip_archive_is_to_be_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.zip"
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(ConfigurationError, match="is a zip archive: unpack it"):
        open_importer("rees46", path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"There is no file nowhere/x\.csv"):
        open_importer("rees46", Path("nowhere/x.csv"))
    with pytest.raises(ConfigurationError, match="Is a directory"):
        open_importer("rees46", tmp_path)


def test_no_file_at_all_is_asked_for() -> None:
    with pytest.raises(ConfigurationError, match=r"Name its file: \./shop import rees46 FILE"):
        open_importer("rees46")
