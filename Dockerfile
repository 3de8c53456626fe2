# The longtake worker. glibc, not Alpine: Temporal's native core has no musl build.
#
#   docker build -t longtake:local .
#   docker run --init --env-file .env -e TEMPORAL_ADDRESS=… -v videos:/videos longtake:local

FROM node:24.21.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No scripts: "prepare" is the build itself, and the sources are not here yet.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:24.21.0-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-trixie-slim
LABEL org.opencontainers.image.title="longtake" \
      org.opencontainers.image.description="The longtake worker: one text-to-video request becomes one saved MP4, durably" \
      org.opencontainers.image.licenses="MIT"
# Temporal's core checks TLS certificates against the system's; the slim image has none.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner=1000 --group=1000 /videos \
 && ln -s /app/dist/cli/main.js /usr/local/bin/longtake
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
# Node's four threads for files would be too few where a network file system hangs: more than one for each download.
ENV NODE_ENV=production \
    UV_THREADPOOL_SIZE=64 \
    LONGTAKE_STORAGE=file:///videos \
    LONGTAKE_HTTP_ADDRESS=0.0.0.0:8088
USER 1000:1000
EXPOSE 8088
# Liveness, not readiness: whoever replaces an unhealthy container must not cut a download because Temporal is away.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8088/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/cli/main.js", "worker"]
