/** The page of a user who is logged in: the head, the board, and the dialogs over it. */
import { useApp, useApps } from '../app.ts';
import { Board } from './board.tsx';
import { Filters } from './filters.tsx';
import { Header } from './header.tsx';
import { InboxDialog } from './inbox.tsx';
import { KeysDialog } from './keys-dialog.tsx';
import { NewTask } from './new-task.tsx';
import { Notes } from './notes.tsx';
import { TaskDialog } from './task-dialog.tsx';
import { Viewing } from './viewing.tsx';

export function BoardPage() {
  const phase = useApps((state) => state.phase);
  const open = useApps((state) => state.open?.id);
  const making = useApps((state) => state.making);
  const showsKeys = useApps((state) => state.showsKeys);
  const showsInbox = useApps((state) => state.showsInbox);
  return (
    <div class="page">
      <Header />
      <Filters />
      <main class="main" aria-busy={phase === 'loading'}>
        <h1 class="unseen">Board</h1>
        {phase === 'failed' ? <Failed /> : <Board />}
      </main>
      {open && <TaskDialog key={open} id={open} />}
      <Viewing />
      {making && <NewTask />}
      {showsKeys && <KeysDialog />}
      {showsInbox && <InboxDialog />}
      {!open && !making && !showsKeys && !showsInbox && <Notes />}
    </div>
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
