/** The whole page. */
import { useApps } from '../app.ts';
import { BoardPage } from './board-page.tsx';
import { Confirmation } from './confirmation.tsx';
import { Entrance } from './entrance.tsx';

export function Page() {
  const me = useApps((state) => state.me);
  const confirmation = useApps((state) => state.confirmation);
  const said = useApps((state) => state.said);
  return (
    <>
      {confirmation ? <Confirmation token={confirmation} /> : me ? <BoardPage key={me.id} /> : <Entrance />}
      <p class="unseen" aria-live="polite" data-said>
        {said}
      </p>
    </>
  );
}
