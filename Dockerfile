# One image for the web, the workers and the migrations; compose.yaml starts all three from it.
# tests/house runs these very commands, apart from making the user, in a scratch folder.

FROM node:22-bookworm-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund --ignore-scripts

# Not the slim one: its C compiler builds nlp/kernel, which makes reading calls three times as fast.
FROM python:3.13-bookworm AS wheel
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# The dependencies come before the sources, so that a change of the sources builds in seconds. This image's pip installs
# them into the environment, which goes into the last image and needs none of its own.
COPY requirements-build.lock requirements.lock ./
RUN python -m venv --without-pip /opt/hotline \
    && python -m pip --python /opt/hotline install --require-hashes -r requirements-build.lock \
    && python -m pip --python /opt/hotline install --require-hashes --no-build-isolation -r requirements.lock
COPY pyproject.toml README.md LICENSE package.json package-lock.json ./
COPY config ./config
COPY nlp ./nlp
COPY routing ./routing
COPY hotline ./hotline
COPY tools/assets.py tools/hatch_kernel.py ./tools/
COPY --from=assets /build/node_modules ./node_modules
RUN python tools/assets.py \
    && python -m pip --python /opt/hotline wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && python -m pip --python /opt/hotline install --no-deps dist/hotline-*.whl

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/hotline --shell /usr/sbin/nologin hotline \
    && chmod 0700 /var/lib/hotline
COPY --from=wheel /opt/hotline /opt/hotline
ENV PATH=/opt/hotline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOTLINE_HOST=0.0.0.0 \
    HOTLINE_PORT=8080 \
    HOTLINE_STATE_DIR=/var/lib/hotline
# By number, so that hosts that demand a user other than root can tell.
USER 10001
WORKDIR /var/lib/hotline
VOLUME /var/lib/hotline
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["hotline"]
CMD ["serve"]
