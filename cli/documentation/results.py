"""The reference of ``docs/metrics.md``: what every result and each of its columns means, as its schema says.

Beside them, the queries over several results or over the events, as their comments say.
"""

from __future__ import annotations

from itertools import groupby

from cli.documentation.blocks import table
from dashboards.queries import written_queries
from dashboards.questions import FROM, TO, Parameter, Query
from schemas.result_tables import column_type
from schemas.results import RESULTS, Column, Result


def results_reference() -> str:
    """All results with a table in ClickHouse, by section and name."""
    in_order = sorted(RESULTS, key=lambda result: result.section)
    return "\n\n".join(
        part
        for section, results in groupby(in_order, key=lambda result: result.section)
        for part in (f"## {section}", *map(_entry, results))
    )


def queries_reference() -> str:
    """All queries that are files, by name."""
    return "\n\n".join(map(_query_entry, written_queries().values()))


def _query_entry(query: Query) -> str:
    columns = [(f"`{each.name}`", each.unit, each.doc) for each in query.columns]
    parameters = [
        (f"`--set {each.name}=`", _values(each), each.doc) for each in query.parameters if each.name not in (FROM, TO)
    ]
    described = [
        query.summary,
        query.remarks,
        table(("parameter", "values", "meaning"), parameters) if parameters else "",
    ]
    return "\n\n".join(
        filter(
            None,
            [
                f"**{query.name}**: {' '.join(filter(None, described[:2]))}",
                described[2],
                table(("column", "unit", "meaning"), columns),
            ],
        )
    )


def _values(parameter: Parameter) -> str:
    """What a parameter may be, its default first."""
    if parameter.choices:
        return ", ".join(f"`{each}`" for each in parameter.choices)
    bounds = "" if parameter.type == "String" else f"{parameter.least:,} to {parameter.most:,}, "
    return f"{bounds}default `{parameter.default}`" if parameter.default else "any text"


def _entry(result: Result) -> str:
    sentences = (f"one row a {result.grain}.", result.doc, result.remarks)
    rows = ((f"`{column.name}`", _type(result, column), column.doc) for column in result.columns)
    return f"**{result.name}**: {' '.join(filter(None, sentences))}\n\n{table(('column', 'type', 'meaning'), rows)}"


def _type(result: Result, column: Column) -> str:
    if not column.is_stored:
        return "computed when asked"
    kind = f"`{column_type(result, column)}`"
    return f"{kind}, key" if column.name in result.key else kind
