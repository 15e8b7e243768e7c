/**
 * What somebody typed whose session ended meanwhile: kept in this tab's memory alone, and put back into the same form where the same person logs in
 * again. Passwords and codes are not kept.
 */

/** The texts of one form, by the names of their fields. */
type Texts = Readonly<Record<string, string>>;

/** What is kept of one form. `seen`: the state that it was filled from, where its change is made to that state alone. */
interface KeptForm {
  texts: Texts;
  seen: string | undefined;
}

let kept: { userId: string; path: string; forms: readonly KeptForm[] } | undefined;

const TYPED = 'input[name]:not([type=hidden], [type=password], [type=checkbox], [autocomplete="one-time-code"]), textarea[name]';
type Control = HTMLInputElement | HTMLTextAreaElement;

/** Keeps what is typed on the page of a user whose session has ended. */
export function keepTyped(userId: string, { forms }: Pick<Document, 'forms'>, path: string): void {
  const all = [...forms].map((form) => ({ texts: textsOf(form), seen: form.dataset.seen })).filter(({ texts }) => Object.keys(texts).length > 0);
  kept = all.length > 0 ? { userId, path, forms: all } : undefined;
}

/**
 * The state that a form of this user at this place was filled from when its text was kept, as its `data-seen` said: the text is a change of that state, and
 * not of what is there by now. undefined where nothing of the kind is kept.
 */
export function keptSeen(userId: string | undefined, path: string): string | undefined {
  return kept?.userId === userId && kept?.path === path ? kept?.forms.find(({ seen }) => seen !== undefined)?.seen : undefined;
}

/** Puts what was kept of a form back into it, where this is the user and the place that it is of. */
export function restoreTyped(form: HTMLFormElement | null, userId: string | undefined, path: string): void {
  if (!form || kept?.userId !== userId || kept?.path !== path) return;
  const controls = new Map([...form.querySelectorAll<Control>(TYPED)].map((control) => [control.name, control]));
  const found = kept.forms.find(({ texts }) => Object.keys(texts).every((name) => controls.has(name)));
  if (!found) return;
  const others = kept.forms.filter((one) => one !== found);
  kept = others.length > 0 ? { ...kept, forms: others } : undefined;
  for (const [name, text] of Object.entries(found.texts)) {
    const control = controls.get(name);
    if (control) control.value = text;
    control?.dispatchEvent(new Event('input', { bubbles: true }));
  }
}

/** Forgets what was kept, unless it is of this user. */
export function forgetTyped(userId: string): void {
  if (kept?.userId !== userId) kept = undefined;
}

/** True while something is kept. */
export const isTypedKept = (): boolean => kept !== undefined;

/** The texts of a form that differ from those it began with. */
function textsOf(form: HTMLFormElement): Texts {
  const controls = [...form.querySelectorAll<Control>(TYPED)].filter(({ value, defaultValue }) => value !== defaultValue);
  return Object.fromEntries(controls.map(({ name, value }) => [name, value]));
}
