/** The board of a user who is logged in, with its head. */
import { useApp, useApps } from '../app.ts';
import { Board } from './board.tsx';
import { Filters } from './filters.tsx';
import { Header } from './header.tsx';

export function BoardPage() {
  const phase = useApps((state) => state.phase);
  return (
    <>
      <Header />
      <Filters />
      <main class="main" aria-busy={phase === 'loading'}>
        <h1 class="unseen">Board</h1>
        {phase === 'failed' ? <Failed /> : <Board />}
      </main>
    </>
  );
}

function Failed() {
  const { retry } = useApp();
  const trouble = useApps((state) => state.trouble);
  return (
    <div class="failed" role="alert">
      <h2>The board could not be loaded</h2>
      <p>{trouble}</p>
      <button type="button" class="primary" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
