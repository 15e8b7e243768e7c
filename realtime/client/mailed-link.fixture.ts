import { expect, vi } from 'vitest';
import type { LinkPurpose } from '../../contracts/places.ts';
import { ADMIN_EMAIL, PASSWORD } from './board.fixture.ts';

/** Logs the first admin in, who reads the outbox: resolves to what gives the texts of the mails or SMS to an address or number, newest first. */
export async function openOutbox(url: string): Promise<(to: string) => Promise<string[]>> {
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ email: ADMIN_EMAIL, password: PASSWORD });
  const { accessToken } = await (await fetch(`${url}/api/login`, { method: 'POST', headers, body })).json();
  return async (to) => {
    const answer = await fetch(`${url}/outbox?to=${encodeURIComponent(to)}`, { headers: { Authorization: `Bearer ${accessToken}` } });
    const { items } = (await answer.json()) as { items: { text: string }[] };
    return items.map(({ text }) => text);
  };
}

/** The path of the newest link of this purpose that was mailed to an address by the taskledger at `url`, once there is one. */
export async function mailedLink(url: string, to: string, purpose: LinkPurpose): Promise<string> {
  const textsTo = await openOutbox(url);
  return vi.waitFor(async () => {
    const [link = ''] = (await textsTo(to)).flatMap((text) => text.match(new RegExp(`/#${purpose}=[\\w-]+`)) ?? []);
    expect(link).not.toBe('');
    return link;
  });
}
