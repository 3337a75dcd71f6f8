FROM node:26-slim

WORKDIR /app
COPY package.json package-lock.json ./
# The Node that npm would bring along for development is not needed: the image is Node.
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY src/ src/
COPY rules/ rules/
COPY geoip/ geoip/
COPY docs/container.yaml /etc/cordon/cordon.yaml
RUN mkdir /data /certs && chown node:node /data /certs

USER node
VOLUME ["/data", "/certs"]
EXPOSE 3128
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s CMD ["node", "-e", "fetch('http://127.0.0.1:3130/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENV NODE_ENV=production
WORKDIR /etc/cordon
ENTRYPOINT ["node", "--max-semi-space-size=2", "/app/src/cordon.js"]
CMD ["start"]
