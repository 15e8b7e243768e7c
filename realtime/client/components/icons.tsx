/** Icons. They are hidden from screen readers, which read the words beside them. */
import type { ComponentChildren } from 'preact';
import type { Priority, Status } from '../../../contracts/task.ts';

function Icon({ children, name }: { children: ComponentChildren; name: string }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

/** The logo: a tally of five, four strokes and one across. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" />
      <path class="mark-strokes" d="M9 8.5v15M13.7 8.5v15M18.3 8.5v15M23 8.5v15" />
      <path class="mark-across" d="M5.5 20.5 26.5 11" />
    </svg>
  );
}

const STATUS_SHAPES: Record<Status, ComponentChildren> = {
  open: <circle cx="10" cy="10" r="7" />,
  'in-progress': (
    <>
      <circle cx="10" cy="10" r="7" />
      <path class="filled" d="M10 5.6a4.4 4.4 0 0 1 0 8.8z" />
    </>
  ),
  done: (
    <>
      <circle class="filled" cx="10" cy="10" r="7" />
      <path class="cut" d="m6.8 10.3 2.2 2.2 4.2-4.6" />
    </>
  ),
  cancelled: (
    <>
      <circle cx="10" cy="10" r="7" />
      <path d="m7.4 7.4 5.2 5.2m0-5.2-5.2 5.2" />
    </>
  ),
};

export function StatusIcon({ status }: { status: Status }) {
  return <Icon name={status}>{STATUS_SHAPES[status]}</Icon>;
}

const PRIORITY_SHAPES: Record<Priority, string> = {
  low: 'm6 8 4 4 4-4',
  normal: 'M6 10h8',
  high: 'm6 12 4-4 4 4',
  urgent: 'm6 10.5 4-4 4 4m-8 4 4-4 4 4',
};

export function PriorityIcon({ priority }: { priority: Priority }) {
  return (
    <Icon name={priority}>
      <path d={PRIORITY_SHAPES[priority]} />
    </Icon>
  );
}

const SHAPES = {
  plus: 'M10 4.5v11M4.5 10h11',
  search: 'M9 3.8a5.2 5.2 0 1 0 0 10.4A5.2 5.2 0 0 0 9 3.8m4 9.2 3.4 3.4',
  close: 'm5.5 5.5 9 9m0-9-9 9',
  comment: 'M4 5.5h12v7.6H9.4L6.2 16v-2.9H4z',
  clock: 'M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13m0 3.2V10l2.4 1.8',
  bin: 'M4.5 6h11M8 6V4h4v2m-6 0 .7 10h6.6L14 6M8.6 9v4.2m2.8-4.2v4.2',
  pen: 'm4.5 15.5.8-3.4 7.6-7.6 2.6 2.6-7.6 7.6zM11.4 6l2.6 2.6',
  keys: 'M3 6h14v8.5H3zm2.6 3h.01M8.5 9h.01m2.9 0h.01m2.9 0h.01M6.8 11.8h6.4',
  bell: 'M5.6 13.6V9.2a4.4 4.4 0 0 1 8.8 0v4.4l1.3 1.4H4.3zM8.5 15.3a1.5 1.5 0 0 0 3 0M10 4.8V3.4',
  letter: 'M3.5 5.5h13v9.5h-13zm0 .8 6.5 5 6.5-5',
  letterOpen: 'M3.5 8v8h13V8L10 3.6zm0 .4 6.5 4.6 6.5-4.6',
  leave: 'M11.5 4h-6v12h6M9 10h7.5m-2.6-2.8 2.8 2.8-2.8 2.8',
  people:
    'M7.5 4.2a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2M2.8 15.8c0-3 2-4.6 4.7-4.6s4.7 1.6 4.7 4.6zM13 4.6a2.3 2.3 0 0 1 0 4.4m1.2 2.4c1.8.5 3 2 3 4.4h-2.4',
  file: 'M5.5 3.5h6l3.5 3.5v9.5h-9.5zm6 0v3.5h3.5',
  eye: 'M2.8 10c1.7-3 4.2-4.6 7.2-4.6s5.5 1.6 7.2 4.6c-1.7 3-4.2 4.6-7.2 4.6S4.5 13 2.8 10zm7.2-2.2a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4',
  eyeClosed: 'M2.8 8.6c1.7 3 4.2 4.6 7.2 4.6s5.5-1.6 7.2-4.6M10 13.2v2.6M5.6 11.9l-1.4 2.1m10.2-2.1 1.4 2.1',
} as const;

export function Sign({ name }: { name: keyof typeof SHAPES }) {
  return (
    <Icon name={name}>
      <path d={SHAPES[name]} />
    </Icon>
  );
}
