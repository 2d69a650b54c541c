"""The pipeline compared with a floor and three peers in one interleaved run: events per second and per CPU-second.

    PYTHONPATH=. .venv/bin/python -m bench.pipeline [--rounds 5] [--events 200000] [--warm-up 100000] [--json]

starts a platform of its own in a temporary directory (only the parts that are measured), makes an environment for the
peers in bench/.venv from bench/requirements.lock, and stops everything at the end. bench/README.md describes the method
and what was tried.
"""
