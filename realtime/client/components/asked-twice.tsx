import { useEffect, useRef, useState } from 'preact/hooks';

interface AskedTwiceProps {
  /** The words of the button, and of what it asks. */
  label: string;
  question: string;
  /** The words of the button that does it. */
  does: string;
  onSure: () => void;
}

/** A button whose effect cannot be taken back: it asks once more, with the focus on the way out. */
export function AskedTwice({ label, question, does, onSure }: AskedTwiceProps) {
  const [asks, setAsks] = useState(false);
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (asks) keep.current?.focus();
  }, [asks]);
  if (!asks)
    return (
      <button type="button" class="danger" onClick={() => setAsks(true)}>
        {label}
      </button>
    );
  return (
    <div class="question" role="alert">
      <p>{question}</p>
      <button
        type="button"
        class="danger"
        onClick={() => {
          setAsks(false);
          onSure();
        }}
      >
        {does}
      </button>
      <button type="button" ref={keep} onClick={() => setAsks(false)}>
        Keep
      </button>
    </div>
  );
}
