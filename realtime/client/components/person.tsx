import { useApps } from '../app.ts';
import { initials } from '../initials.ts';
import type { AppState } from '../store.ts';
import { Picture } from './picture.tsx';

/** The hue of a person, made of the id, so that it is the same everywhere. */
function hueOf(id: string): number {
  let sum = 0;
  for (const sign of id) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 360;
  return sum;
}

/** A person's name, and the letters that stand in the place of a picture. */
function shownAs({ people, former }: Pick<AppState, 'people' | 'former'>, id: string | null): { name: string; letters: string } {
  if (id === null) return { name: 'Nobody', letters: '–' };
  const name = people[id]?.name;
  if (name !== undefined) return { name, letters: initials(name) };
  return former.has(id) ? { name: 'A former user', letters: '–' } : { name: 'Somebody', letters: 'S' };
}

/** A person's initials in their colour. `named`: with the name beside, which screen readers read. */
export function Person({ id, named = false }: { id: string | null; named?: boolean }) {
  const name = useApps((state) => shownAs(state, id).name);
  const letters = useApps((state) => shownAs(state, id).letters);
  const picture = useApps((state) => (id ? state.files.avatars[id] : undefined));
  return (
    <span class="person">
      <span class={id ? 'avatar' : 'avatar avatar-none'} style={{ '--hue': hueOf(id ?? '') }} aria-hidden="true">
        {picture ? <Picture id={picture} size="320" alt="" class="avatar-picture" /> : letters}
      </span>
      {named && <span class="person-name">{name}</span>}
    </span>
  );
}
