/** Cards glide from their old place to the new one (FLIP), unless the user wants less motion or there are very many. */
import { useLayoutEffect, useRef } from 'preact/hooks';

const MOST = 150;
const still = matchMedia('(prefers-reduced-motion: reduce)');

/** Makes cards glide. To be called in the component that draws them; `order` changes whenever a card may have moved. */
export function useGlide(board: { current: HTMLElement | null }, order: string): void {
  const places = useRef(new Map<string, DOMRect>());
  useLayoutEffect(() => {
    const before = places.current;
    const cards = [...(board.current?.querySelectorAll<HTMLElement>('[data-card]') ?? [])].slice(0, MOST);
    places.current = new Map(cards.map((card) => [card.dataset.card ?? '', card.getBoundingClientRect()]));
    if (still.matches || before.size === 0) return;
    for (const card of cards) glide(card, before.get(card.dataset.card ?? ''), places.current.get(card.dataset.card ?? ''));
  }, [order]);
}

function glide(card: HTMLElement, from: DOMRect | undefined, to: DOMRect | undefined): void {
  if (!to) return;
  if (!from) {
    card.animate(
      [
        { opacity: 0, scale: '.96' },
        { opacity: 1, scale: '1' },
      ],
      { duration: 220, easing: 'ease-out' },
    );
    return;
  }
  const x = from.left - to.left;
  const y = from.top - to.top;
  if (Math.abs(x) + Math.abs(y) < 2) return;
  card.animate([{ translate: `${x}px ${y}px` }, { translate: '0 0' }], { duration: 280, easing: 'cubic-bezier(.2,.8,.2,1)' });
}
