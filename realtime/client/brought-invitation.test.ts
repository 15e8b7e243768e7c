import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from './api.ts';
import { asksForInvitation, invitationOf, keepInvitation, takeInvitation } from './brought-invitation.ts';

describe('an invitation with which somebody signs in at another site', () => {
  const all = new Map<string, string>();
  beforeEach(() => {
    all.clear();
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => all.get(key) ?? null,
      setItem: (key: string, value: string) => all.set(key, value),
      removeItem: (key: string) => all.delete(key),
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  it('is there once they come back, and kept no longer', () => {
    keepInvitation({ purpose: 'invitation', token: 'c0de' });
    const link = takeInvitation();
    expect([link, invitationOf(link), all.size]).toEqual([{ purpose: 'invitation', token: 'c0de' }, 'c0de', 0]);
    expect(takeInvitation()).toBeNull();
  });

  it('is not that of who was on the way before, and no code of another link', () => {
    keepInvitation({ purpose: 'invitation', token: 'c0de' });
    keepInvitation(null);
    expect(takeInvitation()).toBeNull();
    keepInvitation({ purpose: 'reset', token: 'c0de' });
    expect([takeInvitation(), invitationOf({ purpose: 'reset', token: 'c0de' })]).toEqual([null, undefined]);
  });

  it('is asked for where nobody has let them in, no address is told, or another is no good, and not where the sign-in is over', () => {
    const refusal = (status: number, pointer?: string) => new ApiError('', status, pointer ? { errors: [{ pointer, detail: '' }] } : {});
    expect([refusal(403), refusal(422), refusal(422, '/invitation')].map(asksForInvitation)).toEqual([true, true, true]);
    expect([refusal(422, '/code'), refusal(409), refusal(503), new Error('none')].map(asksForInvitation)).toEqual([false, false, false, false]);
  });
});
