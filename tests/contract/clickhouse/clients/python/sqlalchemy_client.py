"""Both dialects of SQLAlchemy: create, reflect, insert, select, and a statement that is refused.

Usage: sqlalchemy_client.py URL. Prints what came of it, as JSON.
"""

import datetime as dt
import json
import sys
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

CREATE = (
    "CREATE TABLE sent (id UInt32, at DateTime64(3, 'UTC'), price Decimal(18, 4), low LowCardinality(String),"
    " maybe Nullable(Int64), day Date) ENGINE = MergeTree ORDER BY id"
)
AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def row(number: int) -> dict[str, Any]:
    maybe = None if number % 2 else number
    return {"id": number, "at": AT, "price": Decimal("1.5"), "low": "it's", "maybe": maybe, "day": AT.date()}


def error_of(engine: sa.Engine) -> str:
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT * FROM nowhere")).fetchall()
    except Exception as error:  # each dialect has a kind of its own
        return str(error)
    return "none"


def main() -> None:
    engine = sa.create_engine(sys.argv[1])
    with engine.begin() as connection:
        connection.execute(sa.text(CREATE))
    inspector = sa.inspect(engine)
    sent = sa.Table("sent", sa.MetaData(), autoload_with=engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(sent), [row(number) for number in range(1000)])
        first = connection.execute(sa.select(sent).order_by(sent.c.id).limit(2)).mappings().all()
        counted = connection.execute(
            sa.select(sa.func.count(), sa.func.sum(sent.c.price)).where(sent.c.low == "it's")
        ).one()
        bound = connection.execute(sa.text("SELECT :number + 1, :text"), {"number": 4, "text": "100 %s"}).one()
    outcome = {
        "tables": inspector.get_table_names(),
        "nullable": [column["name"] for column in inspector.get_columns("sent") if column["nullable"]],
        "first": [{name: str(value) for name, value in of.items()} for of in first],
        "counted": [str(value) for value in counted],
        "bound": list(bound),
        "error": error_of(engine),
    }
    json.dump(outcome, sys.stdout)


if __name__ == "__main__":
    main()
