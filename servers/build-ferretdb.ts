/** Builds FerretDB from `ferretdb/`, once for each state of its sources. */
import { builtByGo } from './built-by-go.ts';

const ferretDb = builtByGo({ name: 'ferretdb', title: 'FerretDB', sources: ['go.mod', 'go.sum', 'main.go'], package: '.', go: '1.24' });

export const { isBuilt, missing, build: buildFerretDb } = ferretDb;

if (import.meta.main) await buildFerretDb();
