import { it } from 'vitest';
import { ANNA, cardOf, inChromium, PASSWORD } from './board.fixture.ts';

inChromium('a user who was deleted', (screens) => {
  /** Sends a request; resolves to the JSON of the answer. */
  async function send(method: string, path: string, body: object | undefined, token = '') {
    const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${screens.world.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  it('is “a former user” as the maker and assignee of a task, in its comments and in its history', async () => {
    const email = `cleo-${Date.now()}@example.org`;
    await screens.world.register('Cleo Marsh', email);
    const { accessToken, user } = await send('POST', '/api/login', { email, password: PASSWORD });
    const { id } = await send('POST', '/api/tasks', { title: 'Grease the hinges', userId: user.id }, accessToken);
    await send('POST', `/api/tasks/${id}/comments`, { text: 'Twice a year.' }, accessToken);
    await send('PUT', `/api/tasks/${id}/status`, { status: 'done' }, accessToken);
    await send('DELETE', `/api/users/${user.id}`, undefined, accessToken);

    const anna = await screens.logIn(ANNA);
    await cardOf(anna, 'Grease the hinges').filter({ hasText: 'for a former user' }).click();
    const dialog = anna.getByRole('dialog');
    await dialog.getByText(/^a former user,/).waitFor();
    await dialog.getByLabel('For', { exact: true }).locator('option:checked', { hasText: 'A former user' }).waitFor({ state: 'attached' });
    await dialog.locator('.person-name', { hasText: 'A former user' }).waitFor();
    await dialog.getByRole('button', { name: 'History' }).click();
    await dialog.locator('.history strong', { hasText: 'A former user' }).first().waitFor();
    await dialog.getByText('gave it to a former user').waitFor();
  }, 240_000);
});
