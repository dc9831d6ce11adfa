# reprocheck as an image: docker run --rm -v "$PWD:/repo" IMAGE scan .
# The base image can be replaced by any with Python 3.11 or newer: --build-arg PYTHON=IMAGE
ARG PYTHON=python:3.12.8-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /source
COPY requirements.lock pyproject.toml README.md LICENSE ./
COPY src src
COPY rules rules
RUN python3 -m venv /opt/reprocheck \
    && /opt/reprocheck/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock \
    && /opt/reprocheck/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
    && /opt/reprocheck/bin/python -m compileall -q /opt/reprocheck/lib

FROM ${PYTHON}
COPY --from=build /opt/reprocheck /opt/reprocheck
ENV PATH=/opt/reprocheck/bin:$PATH PYTHONDONTWRITEBYTECODE=1
# Whoever owns the mounted repository: git refuses one of another user otherwise.
ENV GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=/repo
WORKDIR /repo
USER 1000:1000
ENTRYPOINT ["reprocheck"]
CMD ["--help"]
