/** The page of who has logged in and has to do something before anything else: what that is, and the way out. */
import type { ComponentChildren } from 'preact';
import { useApp } from '../app.ts';
import { Mark } from './icons.tsx';

export function FirstThing({ heading, children }: { heading: string; children: ComponentChildren }) {
  const { session } = useApp();
  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>{heading}</h1>
        {children}
        <p class="other-way">
          <button type="button" class="link" onClick={() => void session.logout()}>
            Log out
          </button>
        </p>
      </section>
    </main>
  );
}
