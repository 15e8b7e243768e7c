/** Preloaded into a program (`--import`): tells on standard error, at its end, which packages it has loaded. */
import { registerHooks } from 'node:module';

const loaded = new Set<string>();
registerHooks({
  load: (url, context, next) => {
    const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
    if (name) loaded.add(name);
    return next(url, context);
  },
});
process.on('exit', () => process.stderr.write(`loaded: ${[...loaded].sort().join(' ')}\n`));
