/** Builds versitygw, the S3 server that docker-compose.yml runs, by `versitygw/go.mod`. */
import { builtByGo } from './built-by-go.ts';

const versityGw = builtByGo({
  name: 'versitygw',
  title: 'versitygw',
  sources: ['go.mod', 'go.sum'],
  package: 'github.com/versity/versitygw/cmd/versitygw',
  go: '1.25',
});

export const { isBuilt, missing, build: buildVersityGw } = versityGw;

if (import.meta.main) await buildVersityGw();
