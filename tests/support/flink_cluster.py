"""What a JobManager answers when it is asked for its jobs and their metrics, by HTTP and without any Flink."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import SplitResult, parse_qs, urlsplit


@dataclass
class JobManager:
    """A JobManager and the jobs that it knows.

    Attributes:
        url: Its REST interface.
        jobs: Name of a job -> its state.
        is_away: Whether it answers as one that has just been started: not yet.
        metrics: Name of a vertex, of every job -> its metrics.
        checkpoints: The jobs for which it was asked for a checkpoint, in that order.
    """

    url: str
    jobs: Mapping[str, str] = field(default_factory=dict)
    is_away: bool = False
    metrics: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    checkpoints: list[str] = field(default_factory=list)


_DETAILS: Mapping[str, object] = {
    "metrics": [{"id": "numRestarts", "value": "2"}],
    "checkpoints": {"counts": {"completed": 7}, "latest": {"completed": {"latest_ack_timestamp": 1_000}}},
    "exceptions": {"exceptionHistory": {"entries": [{"stacktrace": "Lost\n  Caused by: No room"}]}},
}
"""What it answers about each job, by the last part of the path."""


@contextmanager
def job_manager() -> Iterator[JobManager]:
    """A JobManager that answers while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(HTTPStatus.OK, _content(manager, urlsplit(self.path)))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            _, _, job_id, operation = self.path.split("/")
            assert operation == "checkpoints"
            if not manager.is_away:
                manager.checkpoints.append(job_id.removeprefix("id-of-"))
            self._answer(HTTPStatus.ACCEPTED, {"request-id": "1"})

        def _answer(self, status: HTTPStatus, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(HTTPStatus.SERVICE_UNAVAILABLE if manager.is_away else status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        manager = JobManager(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield manager
        finally:
            server.shutdown()
            thread.join()


def _content(manager: JobManager, asked: SplitResult) -> object:
    """The answer to a question: all jobs, a job's vertices, metrics of a vertex by its number, or how a job fares."""
    match asked.path.split("/")[1:]:
        case ["jobs", "overview"]:
            return {"jobs": [_overview(*job) for job in manager.jobs.items()]}
        case ["jobs", _]:
            vertices = enumerate(manager.metrics)
            return {"vertices": [{"id": str(number), "name": name, "start-time": 1} for number, name in vertices]}
        case ["jobs", _, "vertices", number, "subtasks", "metrics"]:
            metrics = list(manager.metrics.values())[int(number)]
            names = parse_qs(asked.query)["get"][0].split(",")
            return [{"id": name, "sum": float(metrics[name])} for name in names if name in metrics]
        case ["jobs", _, topic] if topic in _DETAILS:
            return _DETAILS[topic]
    raise AssertionError(asked)


def _overview(name: str, state: str) -> dict[str, object]:
    tasks = {"running": 1, "total": 1}
    return {"jid": f"id-of-{name}", "name": name, "state": state, "start-time": 1, "tasks": tasks}
