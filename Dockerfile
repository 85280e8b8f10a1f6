# espat and pytest for CI, for a user without rights:
#
#   docker build --tag espat .
#   docker run --rm --volume "$PWD:/work" espat espat play scenarios
#   docker run --rm --volume "$PWD:/work" espat pytest
#
# --build-arg PYTHON=3.12 takes another Python. What is on pseudo-terminals and loopback stays in the container.

ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
COPY . /source
RUN pip wheel --no-cache-dir --wheel-dir /wheels /source pytest pyserial

FROM python:${PYTHON}-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openssl \
    && rm -rf /var/lib/apt/lists/*
RUN --mount=from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels esp-at-simulator pytest pyserial
RUN useradd --create-home --uid 1000 espat
USER espat
WORKDIR /work
CMD ["espat", "--help"]
