/**
 * Admission: which requests a route lets in, so that those are answered soon, and the rest are told soon to come later.
 *
 * Each route has places (route-pace.ts). A request that finds none waits for one, first come, first served: for some time where the crowd is new (a
 * burst), hardly where there was a queue all the time (as CoDel tells them apart, RFC 8289). Where next to nothing is at work in the process,
 * everything is let in. Each route counts for itself, so one whose server stands still keeps no other one out. And no more are begun in one round of
 * the event loop than leave it time for who connects: who is not heard cannot be refused.
 *
 *     const gate = openAdmission().gate('GET /api/tasks');
 *     if (!gate.isFull()) gate.enter({ isGone: () => socket.destroyed, begin: (place) => work().finally(() => place.leave(true)), refuse });
 */
import { openPace } from './route-pace.ts';

export interface AdmissionOptions {
  /** A clock that nobody sets, in milliseconds; default performance.now. */
  clock?(): number;
  /** Called for each request that is refused. */
  refused?(route: string): void;
}

/** A request at the gate: one of `begin` and `refuse` is called, at once or within PATIENCE. */
export interface Entering {
  /** True once nobody waits for the answer. */
  isGone(): boolean;
  begin(place: RoutePlace): void;
  refuse(): void;
}

export interface RouteGate {
  /** True where one request more would wait in vain; it is counted as refused then. */
  isFull(): boolean;
  enter(request: Entering): void;
}

/** The place of a request at work. */
export interface RoutePlace {
  /** Gives the place back; `isAnswer`: false where the server failed. Only the first call counts. */
  leave(isAnswer: boolean): void;
  /** Lets others have the place while the request waits for its client, until what is answered is called. */
  lend(): () => void;
}

export interface Admission {
  /** Makes the gate of a route. */
  gate(route: string): RouteGate;
}

/** Requests at work in the process below which every further one is let in. */
const FEW = 8;
/** Requests at work up to which nothing waits for anything else: a dozen rows that have the least number of places. */
const QUIET = 12;
/** Requests that are begun in one round of the event loop. */
const IN_A_ROUND = 16;
/** Milliseconds for which a request waits for a place: in a burst, and where there has been a queue for longer than STANDING. */
const PATIENCE = 600;
const SHORT_PATIENCE = 100;
const STANDING = 1_000;
/** Requests that may wait: in a standing queue, however slow the route is, and in a burst. */
const SOME = 8;
const MANY = 1_000;

export function openAdmission({ clock = () => performance.now(), refused = () => {} }: AdmissionOptions = {}): Admission {
  const gates: ReturnType<typeof openGate>[] = [];
  let inRound = 0;

  function nextRound(): void {
    inRound = 0;
    for (const { letIn } of gates) letIn();
  }

  const process: Process = {
    clock,
    refused,
    working: 0,
    hasTurn: () => inRound < IN_A_ROUND,
    takesTurn: () => {
      if (inRound++ === 0) setImmediate(nextRound);
    },
  };
  return {
    gate: (route) => {
      const gate = openGate(route, process);
      gates.push(gate);
      return gate;
    },
  };
}

/** What the gates of a process share. */
interface Process extends Required<AdmissionOptions> {
  /** Requests at work. */
  working: number;
  /** True while one request more may be begun in this round of the event loop. */
  hasTurn(): boolean;
  takesTurn(): void;
}

function openGate(route: string, process: Process): RouteGate & { letIn(): void } {
  const { clock } = process;
  const pace = openPace({ clock, isQuiet: () => process.working <= QUIET });
  const queue = new Set<() => void>();
  let working = 0;
  /** The time since which somebody has waited without a break. */
  let since = 0;

  const hasPlace = () => working < pace.limit() || process.working < FEW;
  const stands = () => queue.size > 0 && clock() - since > STANDING;
  /** The number of requests that may wait: in a standing queue as many as get their turn soon. */
  const mayWait = () => (stands() ? SOME + 2 * SHORT_PATIENCE * pace.rate() : MANY);

  function count(by: 1 | -1): void {
    working += by;
    process.working += by;
  }

  function newPlace(): RoutePlace {
    count(1);
    process.takesTurn();
    const over = pace.begin();
    let began = clock();
    let isLeft = false;
    return {
      leave: (isAnswer) => {
        if (isLeft) return;
        isLeft = true;
        count(-1);
        over(clock() - began, isAnswer);
        letIn();
      },
      lend: () => {
        const lent = clock();
        count(-1);
        letIn();
        return () => {
          count(1);
          began += clock() - lent;
        };
      },
    };
  }

  /** Lets in as many of those that wait as there are places and turns for. */
  function letIn(): void {
    for (const enter of queue) {
      if (!process.hasTurn() || !hasPlace()) return;
      queue.delete(enter);
      enter();
    }
  }

  function wait({ isGone, begin, refuse }: Entering): void {
    if (!hasPlace()) pace.waited();
    const patience = stands() ? SHORT_PATIENCE : PATIENCE;
    if (queue.size === 0) since = clock();
    const timer = setTimeout(() => {
      queue.delete(enter);
      process.refused(route);
      refuse();
    }, patience);
    const enter = () => {
      clearTimeout(timer);
      if (isGone()) refuse();
      else begin(newPlace());
    };
    queue.add(enter);
  }

  return {
    isFull: () => {
      if (queue.size < mayWait()) return false;
      process.refused(route);
      return true;
    },
    enter: (request) => {
      letIn();
      if (queue.size === 0 && process.hasTurn() && hasPlace()) request.begin(newPlace());
      else wait(request);
    },
    letIn,
  };
}
