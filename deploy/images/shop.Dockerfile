FROM python:3.11-slim
RUN pip install --no-cache-dir uv
WORKDIR /opt/shopstream
COPY requirements.lock ./
RUN uv pip sync --system requirements.lock
COPY . .
ENV PYTHONPATH=/opt/shopstream PYTHONUNBUFFERED=1 SHOP_DATA_DIR=/var/lib/shopstream
ENTRYPOINT ["python", "-m", "cli"]
