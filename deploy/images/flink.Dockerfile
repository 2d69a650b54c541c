# The connectors come out of the jar lock by the same code that the embedded platform uses.
FROM python:3.11-slim AS jars
RUN pip install --no-cache-dir uv
WORKDIR /opt/shopstream
COPY requirements.lock ./
RUN uv pip sync --system requirements.lock
COPY . .
RUN python -m local.connectors /jars && python -m local.java_zones /jars/tzdb.dat

FROM flink:2.3.0-java21
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/*
COPY --from=jars /jars/*.jar /opt/flink/lib/
# Time zones as Python has them: days must begin at the same instants.
COPY --from=jars /jars/tzdb.dat /opt/java/openjdk/lib/tzdb.dat
COPY --from=jars /usr/local /usr/local
COPY flink-conf/config.yaml /tmp/config.yaml
# The embedded platform's configuration, with the module opens of the distribution's own.
RUN cp /opt/flink/opt/flink-python-*.jar /opt/flink/lib/ \
    && opens="$(sed -n 's/^ *all: \(--add.*\)/\1/p' /opt/flink/conf/config.yaml | head -n 1)" \
    && cp /tmp/config.yaml /opt/flink/conf/config.yaml \
    && echo "env.java.opts.all: $opens" >> /opt/flink/conf/config.yaml
