# Every part in one image: `docker run … gateway`. docker-compose.yml says what else they need.
FROM node:24-slim

WORKDIR /app

# No script of a package runs: what is compiled comes compiled, and the package `node` would fetch a second Node (it is for machines with an older one).
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force

COPY . .

# The pages, built last: what is newer than they are would be built again at every start, and the parts may write nowhere.
# And the folders of the secrets and of uploads, so that volumes there begin as their owner's.
RUN node --input-type=module -e "import { openOwnPages } from './app/checkout.ts'; await openOwnPages({ info() {} });" \
    && mkdir -m 0700 /run/taskledger /var/spool/taskledger && chown node:node /run/taskledger /var/spool/taskledger

USER node
ENV NODE_ENV=production
EXPOSE 3000
ENTRYPOINT ["node", "--env-file-if-exists=/run/taskledger/parts.env", "main.ts"]
