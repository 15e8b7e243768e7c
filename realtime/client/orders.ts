/** What admins order of accounts and invitations. */
import { useState } from 'preact/hooks';
import { changedAccounts } from './accounts.ts';
import { reason } from './actions.ts';
import { useApp } from './app.ts';

type Method = 'POST' | 'PUT' | 'DELETE';

/** Sends one order after the other; `trouble`: the reason why the last one was refused. */
export function useOrders() {
  const app = useApp();
  const [trouble, setTrouble] = useState('');
  async function send(method: Method, path: string, body: unknown, said: string): Promise<boolean> {
    setTrouble('');
    try {
      const done = await app.api.command(method, path, body === undefined ? {} : { body });
      app.actions.note({ kind: 'done', text: said });
      changedAccounts(app, done?.position);
      return true;
    } catch (error) {
      setTrouble(reason(error));
      return false;
    }
  }
  return { send, trouble };
}
