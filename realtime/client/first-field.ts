import { useEffect, useRef } from 'preact/hooks';

/** Puts the focus on the first field of the entrance when another of its forms takes the place of the one before, which took the focus with it. */
export function useFirstFieldAt(step: unknown): void {
  const before = useRef(step);
  useEffect(() => {
    if (before.current === step) return;
    before.current = step;
    document.querySelector<HTMLElement>('.entrance-form input:not([type=hidden])')?.focus();
  }, [step]);
}
