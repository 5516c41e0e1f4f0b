# The slotmcp image: an unprivileged user, and exactly the dependencies of uv.lock.
FROM python:3.11.14-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
# dependencies change less often than slotmcp, so they are a separate layer
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups --no-install-project
COPY README.md LICENSE ./
COPY src ./src
RUN uv sync --locked --no-default-groups --no-editable

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="slotmcp" \
      org.opencontainers.image.description="An MCP server that lets an AI agent find, hold and book appointments" \
      org.opencontainers.image.source="https://github.com/slotmcp/slotmcp" \
      org.opencontainers.image.documentation="https://github.com/slotmcp/slotmcp/blob/main/docs/index.md" \
      org.opencontainers.image.vendor="The slotmcp authors" \
      org.opencontainers.image.licenses="Apache-2.0" \
      io.modelcontextprotocol.server.name="io.github.slotmcp/slotmcp"
RUN useradd --system --uid 10001 --home-dir /var/lib/slotmcp --create-home slotmcp
COPY --from=build /app/.venv /app/.venv
# without SLOTMCP_DATABASE_URL, the database is /var/lib/slotmcp/slotmcp.db
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 XDG_DATA_HOME=/var/lib
USER 10001
VOLUME /var/lib/slotmcp
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
ENTRYPOINT ["slotmcp"]
CMD ["http", "--host", "0.0.0.0", "--port", "8000"]
