/** The state of read models and their generations: pointer, checkpoint, version, fields. */
import type { DatabaseSync } from 'node:sqlite';
import type { Checkpoint } from '../../followers/checkpoint-type.ts';
import { type FieldKind, type ModelSpec, type ModelState, NoSuchGeneration, type ReadModels } from '../read-models.ts';

export interface SqliteGenerations {
  /** Begins a new generation, at the log's beginning, and answers its number; all others but the one that queries read are dropped. */
  begin(model: ModelSpec): number;
  state(model: ModelSpec, generation?: number): ModelState | null;
  update(model: ModelSpec, change: Parameters<ReadModels['update']>[1]): void;
  /** The fields that a generation was made with, which have columns or tables. Throws NoSuchGeneration. */
  fields(model: ModelSpec, generation: number): Record<string, FieldKind>;
  /** Moves a generation's checkpoint, never back. */
  moveCheckpoint(model: ModelSpec, generation: number, checkpoint: Checkpoint): void;
  /** The names of the tables of all generations. */
  tables(): Set<string>;
}

/** The name of a generation's table, as `task_list_3`. */
export function tableName(model: string, generation: number): string {
  return `${model}_${generation}`;
}

export function openSqliteGenerations(db: DatabaseSync): SqliteGenerations {
  const addModel = db.prepare('INSERT INTO models VALUES (?, 0, 0, ?, 0) ON CONFLICT DO NOTHING');
  const modelOf = db.prepare('SELECT generation, newest FROM models WHERE name = ?');
  const setNewest = db.prepare('UPDATE models SET newest = ? WHERE name = ?');
  const change = db.prepare(
    'UPDATE models SET generation = coalesce(?, generation), cache_generation = max(cache_generation, coalesce(?, cache_generation)), parked = coalesce(?, parked) WHERE name = ?',
  );
  const dropOthers = db.prepare('DELETE FROM generations WHERE name = ? AND generation NOT IN (?, ?)');
  const drop = db.prepare('DELETE FROM generations WHERE name = ? AND generation = ?');
  const add = db.prepare("INSERT INTO generations VALUES (?, ?, ?, ?, '', '')");
  const fieldsOf = db.prepare('SELECT fields FROM generations WHERE name = ? AND generation = ?');
  const move = db.prepare('UPDATE generations SET position = ?, event_id = ? WHERE name = ? AND generation = ? AND position <= ?');
  const all = db.prepare('SELECT name, generation FROM generations');
  const stateOf = db.prepare(
    `SELECT g.generation, g.position, g.event_id, g.version, m.cache_generation, m.parked
     FROM models m JOIN generations g ON g.name = m.name AND g.generation = coalesce(?, m.generation) WHERE m.name = ?`,
  );

  /** The number of the generation that queries read (0: none), and the highest number ever given. */
  function known(model: ModelSpec): { generation: number; newest: number } {
    // The cache generation begins at the time, not at 0: where this file was lost, entries of a cache that outlived it must not count as new.
    addModel.run(model.name, Date.now());
    const row = modelOf.get(model.name);
    return { generation: Number(row?.generation), newest: Number(row?.newest) };
  }

  function begin(model: ModelSpec): number {
    const { generation, newest } = known(model);
    const next = newest + 1;
    setNewest.run(next, model.name);
    add.run(model.name, next, model.version, JSON.stringify(model.fields));
    dropOthers.run(model.name, generation, next);
    return next;
  }

  function state(model: ModelSpec, generation?: number): ModelState | null {
    const row = stateOf.get(generation ?? null, model.name);
    if (!row) return null;
    return {
      generation: Number(row.generation),
      checkpoint: { position: String(row.position), eventId: String(row.event_id) },
      version: Number(row.version),
      cacheGeneration: Number(row.cache_generation),
      parked: Number(row.parked),
    };
  }

  function update(model: ModelSpec, { generation, cacheGeneration, parked }: Parameters<ReadModels['update']>[1]): void {
    const before = known(model).generation;
    if (generation !== undefined && generation !== before) {
      fields(model, generation);
      drop.run(model.name, before);
    }
    change.run(generation ?? null, cacheGeneration ?? null, parked ?? null, model.name);
  }

  function fields(model: ModelSpec, generation: number): Record<string, FieldKind> {
    const row = fieldsOf.get(model.name, generation);
    if (!row) throw new NoSuchGeneration(model.name, generation);
    return JSON.parse(String(row.fields));
  }

  return {
    begin,
    state,
    update,
    fields,
    moveCheckpoint: (model, generation, { position, eventId }) => void move.run(position, eventId, model.name, generation, position),
    tables: () => new Set(all.all().map((row) => tableName(String(row.name), Number(row.generation)))),
  };
}
