# syntax=docker/dockerfile:1
# One image for web, worker and commands. Not built where it was written (no Docker daemon): shape and schema are tested.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /build
RUN python -m venv /opt/xinqiao
COPY requirements.lock ./
RUN /opt/xinqiao/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY feedback feedback
COPY classify classify
COPY routing routing
COPY evaluation evaluation
COPY web web
RUN /opt/xinqiao/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM ${PYTHON}
# Letters as PDF: the libraries of WeasyPrint and a Chinese font.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin xinqiao \
    && install -d -m 700 -o xinqiao -g xinqiao /data
COPY --from=build /opt/xinqiao /opt/xinqiao
COPY --chmod=755 web/deploy/container-entrypoint.sh /usr/local/bin/container-entrypoint
ENV PATH=/opt/xinqiao/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XINQIAO_DATA=/data \
    XINQIAO_HOST=0.0.0.0 \
    XINQIAO_PORT=8000
WORKDIR /data
VOLUME /data
EXPOSE 8000
USER 10001
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["container-entrypoint"]
CMD ["xinqiao", "serve"]
