/** An offer as a message: `{"stream": "notification-…", "due": "2026-…"}`. */
import type { Message } from 'amqplib';
import { z } from 'zod';
import type { Offer } from '../event-bus.ts';

const schema = z.object({ stream: z.string().min(1).max(1_000), due: z.string().max(100).optional() });

export function encodeOffer({ stream, due }: Offer): Buffer {
  return Buffer.from(JSON.stringify({ stream, due }));
}

/** Reads the offer in a message; of a message that is none answers the reason. Never throws. */
export function decodeOffer({ content }: Pick<Message, 'content'>): { offer: Offer; invalid?: undefined } | { offer?: undefined; invalid: string } {
  try {
    const { success, data } = schema.safeParse(JSON.parse(content.toString()));
    return success ? { offer: data } : { invalid: 'it is no offer: {"stream": "…"}' };
  } catch {
    return { invalid: 'its body is no JSON' };
  }
}
