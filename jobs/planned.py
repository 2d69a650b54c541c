"""A streaming job that is planned, and not yet submitted: planning needs no server, submitting does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyflink.datastream import StreamExecutionEnvironment


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """A job whose plan is made.

    Attributes:
        name: Its name.
        environment: Holds the plan.
        write_starting_offsets: Makes sure that it begins where it is to begin; needs Kafka.
    """

    name: str
    environment: StreamExecutionEnvironment
    write_starting_offsets: Callable[[], None]

    def submit(self) -> str:
        """Bring it to the cluster; Flink's id of it.

        Raises:
            DependencyUnavailable: Kafka does not answer.
            Exception: Flink refuses it; PyFlink has several kinds for that.
        """
        self.write_starting_offsets()
        return str(self.environment.execute_async(self.name).get_job_id())
