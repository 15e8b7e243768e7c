/**
 * Dragging a card by mouse, pen or finger. A finger rests on the card for a moment first, so that the page still scrolls under it.
 * Elements with `data-drop=<status>` are the drop targets.
 */

export interface Drag {
  id: string;
  /** The drop target under the pointer, or null. */
  over: string | null;
}

interface DragOptions {
  /** Called on each move of the drag, and with null at its end. */
  onDrag(drag: Drag | null): void;
  onDrop(id: string, target: string): void;
  /** True where this target takes this card. */
  takes(id: string, target: string): boolean;
}

/** Pixels that a mouse moves before a click becomes a drag. */
const SLACK = 6;
/** Milliseconds that a finger rests on a card before the drag. */
const HOLD = 280;
/** Pixels from the edge of the lanes within which they scroll along. */
const EDGE = 44;

/** Lets the cards (`data-card=<id>`) in `board` be dragged; returns the function that ends that. */
export function draggable(board: HTMLElement, { onDrag, onDrop, takes }: DragOptions): () => void {
  let held: { id: string; card: HTMLElement; pointer: number; x: number; y: number; timer?: ReturnType<typeof setTimeout> } | undefined;
  let ghost: HTMLElement | undefined;
  let over: string | null = null;
  let scrolling: ReturnType<typeof setInterval> | undefined;
  let speed = 0;

  function down(event: PointerEvent): void {
    const card = (event.target as HTMLElement).closest<HTMLElement>('[data-card]');
    if (!card?.dataset.card || event.button !== 0 || held) return;
    held = { id: card.dataset.card, card, pointer: event.pointerId, x: event.clientX, y: event.clientY };
    if (event.pointerType === 'touch') held.timer = setTimeout(lift, HOLD);
  }

  function move(event: PointerEvent): void {
    if (!held || event.pointerId !== held.pointer) return;
    if (!ghost) begin(Math.hypot(event.clientX - held.x, event.clientY - held.y) > SLACK);
    carry(event.clientX, event.clientY);
  }

  /** A mouse that moves far begins a drag. A finger that moves far before it rested long enough scrolls instead. */
  function begin(far: boolean): void {
    if (!far) return;
    if (held?.timer === undefined) lift();
    else end();
  }

  function lift(): void {
    if (!held) return;
    const { card, id } = held;
    const box = card.getBoundingClientRect();
    ghost = card.cloneNode(true) as HTMLElement;
    ghost.removeAttribute('data-card');
    ghost.setAttribute('aria-hidden', 'true');
    ghost.classList.add('ghost');
    Object.assign(ghost.style, { width: `${box.width}px`, left: `${box.left}px`, top: `${box.top}px` });
    document.body.append(ghost);
    navigator.vibrate?.(12);
    scrolling = setInterval(() => speed && board.scrollBy({ left: speed }), 16);
    onDrag({ id, over: null });
  }

  function carry(x: number, y: number): void {
    if (!held || !ghost) return;
    ghost.style.translate = `${x - held.x}px ${y - held.y}px`;
    const target = targetAt(x, y);
    const next = target && takes(held.id, target) ? target : null;
    speed = edgeSpeed(x, y);
    if (next === over) return;
    over = next;
    onDrag({ id: held.id, over });
  }

  /** The speed at which the lanes scroll while the card is near their edge; 0 elsewhere. */
  function edgeSpeed(x: number, y: number): number {
    const box = board.getBoundingClientRect();
    if (y > box.bottom || y < box.top) return 0;
    if (x < box.left + EDGE) return -10;
    return x > box.right - EDGE ? 10 : 0;
  }

  function up(event: PointerEvent): void {
    if (!held || event.pointerId !== held.pointer) return;
    const { id } = held;
    const target = over;
    if (ghost) swallowClick();
    end();
    if (target) onDrop(id, target);
  }

  function end(): void {
    if (!held) return;
    clearTimeout(held.timer);
    clearInterval(scrolling);
    const was = ghost !== undefined;
    ghost?.remove();
    ghost = undefined;
    held = undefined;
    over = null;
    speed = 0;
    if (was) onDrag(null);
  }

  const cancelled = (event: PointerEvent) => event.pointerId === held?.pointer && end();
  const escaped = (event: KeyboardEvent) => {
    if (event.key === 'Escape') end();
  };
  /** Keeps the page from scrolling while a card is dragged. */
  const still = (event: TouchEvent) => {
    if (ghost && event.cancelable) event.preventDefault();
  };
  const noMenu = (event: Event) => {
    if (held) event.preventDefault();
  };

  const control = new AbortController();
  const { signal } = control;
  board.addEventListener('pointerdown', down, { signal });
  board.addEventListener('contextmenu', noMenu, { signal });
  board.addEventListener('dragstart', (event) => event.preventDefault(), { signal });
  window.addEventListener('pointermove', move, { signal });
  window.addEventListener('pointerup', up, { signal });
  window.addEventListener('pointercancel', cancelled, { signal });
  window.addEventListener('keydown', escaped, { signal });
  window.addEventListener('blur', end, { signal });
  window.addEventListener('touchmove', still, { signal, passive: false });
  return () => {
    end();
    control.abort();
  };
}

/** The drop target at a point; undefined where there is none. */
function targetAt(x: number, y: number): string | undefined {
  return document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-drop]')?.dataset.drop;
}

/** Swallows the click that follows the end of a drag, so that it opens nothing. */
function swallowClick(): void {
  const swallow = (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener('click', swallow, { capture: true, once: true });
  setTimeout(() => window.removeEventListener('click', swallow, { capture: true }), 50);
}
