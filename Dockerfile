# The server and its command line program. It runs as nobody in particular, on a root file system that may be read-only:
#   docker build -t dharma .
#   docker run --read-only --tmpfs /tmp -v dharma-data:/var/lib/dharma dharma
ARG NODE=node:22-slim

FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --include=dev
COPY . .
RUN node scripts/build.mjs

# What is optional is PostgreSQL itself, for servers without a database, and compilers, of which nothing is left to do.
FROM ${NODE} AS modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev --omit=optional && rm -rf node_modules/ts7 node_modules/.package-lock.json

FROM ${NODE}
ENV NODE_ENV=production \
    DHARMA_DATA_DIR=/var/lib/dharma \
    DHARMA_PROBE_ADDRESS=127.0.0.1:8283
WORKDIR /app
COPY --from=modules /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE dharma ./
COPY scripts/bootstrap.mjs scripts/
COPY policies/quickstart policies/quickstart
# Owned by the user of the server: a volume that is mounted here for the first time takes it over.
RUN ln -s /app/dharma /usr/local/bin/dharma \
  && install -d -o 10001 -g 10001 -m 0700 /var/lib/dharma \
  && install -d -o 10001 -g 10001 -m 0750 /run/dharma
USER 10001:10001
VOLUME /var/lib/dharma
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8283/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["dharma"]
CMD ["serve"]
