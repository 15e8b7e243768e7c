/**
 * Keeps a button under the hand that presses it. Pictures and lists that arrive move what is below them; a mouse button that goes down on one thing and
 * up on another clicks neither, and a hand that did nothing wrong would be left with nothing.
 */

/** Pixels that a hand may move while it presses. Beyond them it has left what it pressed, and clicks only what it is on. */
const SLACK = 6;

/** Lets the presses that begin in this window end on what they began on, wherever that is by then. */
export function keepPresses(window: Window): void {
  let held: { on: Element; pointer: number; x: number; y: number } | undefined;

  function letGo(): void {
    if (held?.on.hasPointerCapture(held.pointer)) held.on.releasePointerCapture(held.pointer);
    held = undefined;
  }

  window.addEventListener('pointerdown', ({ target, button, pointerId, pointerType, isTrusted, clientX, clientY }) => {
    // A finger holds what it touches anyway.
    if (button !== 0 || pointerType === 'touch' || !isTrusted) return;
    const on = target instanceof Element ? target.closest('button, a') : null;
    if (!on) return;
    on.setPointerCapture(pointerId);
    held = { on, pointer: pointerId, x: clientX, y: clientY };
  });
  window.addEventListener('pointermove', ({ pointerId, clientX, clientY }) => {
    if (held?.pointer === pointerId && Math.hypot(clientX - held.x, clientY - held.y) > SLACK) letGo();
  });
}
