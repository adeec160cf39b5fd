# The build stage: makes the environment from the lock, hashes compared.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE requirements.txt ./
COPY docs/deploy/install.sh docs/deploy/build-requirements.txt docs/deploy/
COPY templates templates
COPY cogs cogs
COPY bot bot
RUN sh docs/deploy/install.sh /opt/cowbell

# What runs: Python and that environment, without anything that installs or builds.
FROM python:3.11-slim
RUN python -m pip uninstall --yes --quiet --root-user-action ignore setuptools wheel pip \
    && install -d -o 10001 -g 10001 -m 700 /var/lib/cowbell /var/lib/cowbell/data
COPY --from=build /opt/cowbell /opt/cowbell
ENV PATH=/opt/cowbell/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HEALTH_PORT=9464
WORKDIR /var/lib/cowbell
VOLUME /var/lib/cowbell/data
USER 10001:10001
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; port = os.environ.get('HEALTH_PORT') or sys.exit(); asked = http.client.HTTPConnection('127.0.0.1', int(port), timeout=5); asked.request('GET', '/healthz'); sys.exit(asked.getresponse().status != 200)"]
ENTRYPOINT ["cowbell"]
CMD ["run"]
