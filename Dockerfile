# Two images of the same files. `docker build .` makes the whole system in one process; `--target parts`, as docker-compose.yml asks for, makes what
# runs one part: `… gateway`.
FROM node:24-slim AS parts

WORKDIR /app

# No script of a package runs: what is compiled comes compiled, and the package `node` would fetch a second Node (it is for machines with an older one).
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force

COPY . .

# The pages, built last: what is newer than they are would be built again at every start, and the parts may write nowhere.
# And the folders of the secrets, of uploads and of an installation in one container, so that volumes there begin as their owner's;
# /data also as that of the group root, which any other `--user` is of.
RUN node --input-type=module -e "import { openOwnPages } from './app/checkout.ts'; await openOwnPages({ info() {} });" \
    && mkdir -m 0700 /run/taskledger /run/handed-out /var/spool/taskledger /data \
    && node --input-type=module -e "import { mkdirSync } from 'node:fs'; import { TOLD_SERVICES } from './servers/first-start/hand-out.ts'; for (const name of TOLD_SERVICES) mkdirSync('/run/handed-out/' + name);" \
    && chown -R node:node /run/taskledger /run/handed-out /var/spool/taskledger /data \
    && chown node:root /data && chmod 0770 /data

USER node
ENV NODE_ENV=production HOST=0.0.0.0
EXPOSE 3000
ENTRYPOINT ["node", "--env-file-if-exists=/run/taskledger/parts.env", "main.ts"]

# Alone, `docker run -p 3000:3000 -v taskledger:/data …`. Parts write nowhere: a volume said of their image would be made for each of them, without a name.
FROM parts
ENV DATA_DIR=/data
VOLUME /data
