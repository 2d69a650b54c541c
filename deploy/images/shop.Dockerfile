FROM python:3.11-slim
RUN pip install --no-cache-dir uv
WORKDIR /opt/shopstream
# requirements-sentences.lock for an image that trains with SHOP_TRAINING_SENTENCES
ARG LOCK=requirements.lock
COPY requirements*.lock ./
RUN uv pip sync --system "$LOCK"
COPY . .
# The Java that plans the jobs has the time zones that Python has.
RUN python -m local.java_zones
ENV PYTHONPATH=/opt/shopstream PYTHONUNBUFFERED=1 SHOP_DATA_DIR=/var/lib/shopstream
ENTRYPOINT ["python", "-m", "cli"]
