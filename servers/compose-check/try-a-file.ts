/** The way of a picture through an installation in containers: to its S3 server, through the process that makes thumbnails, and back. */
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { type FirstAdmin, logIn, sendJson } from './first-login.ts';

/** Attaches a picture to a task; resolves to the number of bytes of its thumbnail once that is served. Error: it is not, within a minute, with the last answer. */
export async function tryAFile(url: string, admin: FirstAdmin): Promise<number> {
  const token = await logIn(url, admin);
  const { id: task } = JSON.parse(await sendJson('POST', `${url}/api/tasks`, { title: 'With a picture' }, token)) as { id: string };
  const form = new FormData();
  const picture = await sharp({ create: { width: 640, height: 480, channels: 3, background: 'teal' } })
    .png()
    .toBuffer();
  form.set('file', new Blob([new Uint8Array(picture)], { type: 'image/png' }), 'lamp.png');
  const headers = { authorization: `Bearer ${token}` };
  const taken = await fetch(`${url}/api/media?task=${task}`, { method: 'POST', headers, body: form });
  if (taken.status !== 202) throw new Error(`the picture was answered ${taken.status} ${await taken.text()}`);
  const { id } = (await taken.json()) as { id: string };
  for (const until = performance.now() + 60_000; ; await sleep(500)) {
    const answer = await fetch(`${url}/api/media/${id}/url?size=320`, { headers });
    const text = await answer.text();
    if (answer.ok) return bytesAt(new URL((JSON.parse(text) as { url: string }).url, url));
    if (performance.now() > until) throw new Error(`the thumbnail was answered ${answer.status} ${text}`);
  }
}

async function bytesAt(url: URL): Promise<number> {
  const answer = await fetch(url);
  const bytes = await answer.arrayBuffer();
  if (!answer.ok || bytes.byteLength === 0) throw new Error(`its address was answered ${answer.status} with ${bytes.byteLength} bytes`);
  return bytes.byteLength;
}
