"""Metrics pages as tests read them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


def samples(page: str) -> dict[str, float]:
    """The values of a metrics page by their series, as the page names them: ``name`` or ``name{label="value"}``."""
    return {
        sample.name + _labels(sample.labels): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def _labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}" if labels else ""
