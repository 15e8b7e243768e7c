/** The wait for an address to be confirmed elsewhere. */
import { type Api, ApiError } from './api.ts';
import type { BrowserSession } from './session.ts';

export interface ConfirmationOptions {
  api: Pick<Api, 'glance'>;
  session: Pick<BrowserSession, 'token'>;
}

/**
 * Looks once whether the address is confirmed by now, or the session has ended; then the next tokens say so, and the page goes on or out. The look itself
 * renews no token: a session in which nobody does anything is to end for being idle.
 */
export async function lookAtConfirmation({ api, session }: ConfirmationOptions): Promise<void> {
  const isOver = await api.glance<{ confirmed: boolean }>('/api/me').then((me) => me?.confirmed === true, isRefused);
  if (isOver) await session.token(true).catch(() => undefined);
}

const isRefused = (error: unknown) => error instanceof ApiError && error.status === 401;
