/** What stands at an address that is no place of the page. */
import { useApp } from '../app.ts';
import { Mark } from './icons.tsx';

export function NothingHere() {
  const { navigation } = useApp();
  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>There is nothing at this address</h1>
        <p>A part of it may have been lost or changed on its way here. What you look for may be on the board.</p>
        <button type="button" class="primary wide" onClick={() => navigation.go('/', { replace: true })}>
          Go to the board
        </button>
      </section>
    </main>
  );
}
