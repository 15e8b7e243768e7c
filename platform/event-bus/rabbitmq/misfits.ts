/**
 * What RabbitMQ has with other arguments than ours: a queue or an exchange that an operator, another application or another release declared. Nobody
 * can use it until somebody deletes it. Each is logged once, named in /readyz, and asked for again until it fits.
 */
import type { Channel } from 'amqplib';

export interface Misfits {
  /** Notes that a declaration was refused. `declare` is repeated by others, too; null where its user alone may repeat it. */
  found(what: string, misfit: Misfit, declare: Declaration | null): void;
  /** Notes that a declaration was taken. */
  fits(what: string): void;
  /** The declarations to repeat, with what they declare. */
  again(): (readonly [string, Declaration])[];
}

export interface Misfit {
  /** The queue or exchange, as `queue task_list`. */
  name: string;
  /** The broker's words for the difference. */
  detail: string;
}

export type Declaration = (channel: Channel) => Promise<unknown>;

export interface MisfitsOptions {
  log: { info(data: object, message: string): void; warn(data: object, message: string): void; error?(data: object, message: string): void };
  /** The set that names all misfits, which /readyz reads. */
  names: Set<string>;
}

/** Opens the list of misfits of a bus, which is empty. */
export function openMisfits({ log, names }: MisfitsOptions): Misfits {
  const all = new Map<string, Misfit & { declare: Declaration | null }>();
  const named = ({ name }: Misfit) => `the ${name}, which RabbitMQ has with other arguments`;

  function rename(): void {
    names.clear();
    for (const misfit of all.values()) names.add(named(misfit));
  }

  function say(misfit: Misfit): void {
    const message = `RabbitMQ has the ${misfit.name} with other arguments: nothing goes through it until it is deleted there; it is made anew then`;
    if (log.error) log.error({ ...misfit }, message);
    else log.warn({ ...misfit }, message);
  }

  return {
    found: (what, misfit, declare) => {
      if (!names.has(named(misfit))) say(misfit);
      all.set(what, { ...misfit, declare });
      rename();
    },
    fits: (what) => {
      const misfit = all.get(what);
      if (!misfit) return;
      all.delete(what);
      rename();
      if (!names.has(named(misfit))) log.info({ name: misfit.name }, `the ${misfit.name} is as it must be`);
    },
    again: () => [...all].flatMap(([what, { declare }]) => (declare ? [[what, declare] as const] : [])),
  };
}
