# syntax=docker/dockerfile:1
# dedupe with all it needs to poll, work and serve. It runs without root, on a read-only root, with
# its loops compiled. docker-compose.yml and docs/deployment.md say how.

FROM python:3.12.8-slim-bookworm AS build
# A Redis to try the loops on that only an index in Redis has.
RUN apt-get update && apt-get install -y --no-install-recommends redis-server \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY dedupe ./dedupe
RUN python -m venv /opt/dedupe \
    && /opt/dedupe/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /wheels --constraint constraints.txt . \
    && wheel="$(echo /wheels/*.whl)" \
    && /opt/dedupe/bin/pip install --no-cache-dir --constraint constraints.txt "${wheel}[daemon,serve]" \
    && /opt/dedupe/bin/pip uninstall --yes pip

# The loops are compiled once, here, for any processor of the architecture. --build-arg
# CPU=x86-64-v3 has newer ones in mind; where it is not right they are compiled at every start.
ARG CPU=generic
ENV NUMBA_CACHE_DIR=/opt/dedupe/kernels NUMBA_CPU_NAME=${CPU} NUMBA_CPU_FEATURES=
COPY examples ./examples
COPY scripts/compile-kernels ./scripts/
RUN PATH="/opt/dedupe/bin:$PATH" scripts/compile-kernels examples

FROM python:3.12.8-slim-bookworm
ARG CPU=generic
ENV PATH="/opt/dedupe/bin:$PATH" \
    NUMBA_CACHE_DIR=/opt/dedupe/kernels \
    NUMBA_CPU_NAME=${CPU} \
    NUMBA_CPU_FEATURES= \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
RUN groupadd --gid 10001 dedupe \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin dedupe \
    && install -d -o 10001 -g 10001 -m 750 /var/lib/dedupe
COPY --from=build /opt/dedupe /opt/dedupe
USER 10001:10001
WORKDIR /var/lib/dedupe
VOLUME /var/lib/dedupe
# What is served by default: the index in a file of the volume, health on a port of its own.
ENV DEDUPE_INDEX=sqlite:////var/lib/dedupe/index.db \
    DEDUPE_LISTEN=127.0.0.1:9464
EXPOSE 8000 9464
HEALTHCHECK --interval=10s --timeout=10s --start-period=180s --retries=6 \
    CMD ["python", "-c", "import os; from http.client import HTTPConnection; asked = HTTPConnection('127.0.0.1', int(os.environ['DEDUPE_LISTEN'].rpartition(':')[2]), timeout=8); asked.request('GET', '/healthz'); exit(asked.getresponse().status != 200)"]
STOPSIGNAL SIGTERM
CMD ["dedupe", "daemon", "--feeds", "/etc/dedupe/feeds.opml"]
