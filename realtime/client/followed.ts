/** The topics that a client follows on its connection: asked for, caught up, and asked for again after any error. Part of live.ts. */
import type { Change, LeftReason, Subscribed } from '../../contracts/live.ts';
import type { Problem, ProblemCode } from '../../contracts/problem.ts';
import type { SubscribeOptions, Subscription } from './live.ts';

/** The connection, as far as topics need it. */
export interface Line {
  connected(): boolean;
  /** Resolves to the acknowledgement; rejects when the connection is lost or no acknowledgement comes in time. */
  ask(name: 'subscribe' | 'unsubscribe' | 'token', message: object): Promise<unknown>;
  /** Milliseconds to wait before attempt n (from 0). */
  delay(attempt: number): number;
}

export interface Followed {
  subscribe(topic: string, options: SubscribeOptions): Subscription;
  /** To be called when the connection is made: asks for every topic after its last position. */
  connected(): void;
  /** To be called when the connection is lost: no topic is followed on it any more. */
  disconnected(): void;
  change(change: Change): void;
  reached(position: string): void;
  left(topic: string, reason: LeftReason): void;
  snapshotNeeded(topic: string): void;
  close(): void;
}

interface Follower {
  options: SubscribeOptions;
  position: string | undefined;
  /** True while the follower queries for a snapshot; it gets changes again once it has the query's position. */
  querying: boolean;
  closed: boolean;
}

/**
 * The phase of a topic on this connection. `leaving`: its subscription is given up, its late changes are ignored, and the topic
 * is asked for anew once the server has answered.
 */
type Phase = 'idle' | 'asked' | 'live' | 'leaving';

interface Topic {
  name: string;
  phase: Phase;
  followers: Set<Follower>;
  /** The number of failed subscriptions since the topic was last live. */
  failures: number;
  /** Counts the changes of phase, so that late answers are recognised and ignored. */
  turn: number;
}

/** The most topics in one message: MAX_TOPICS of contracts/live.ts. */
const MOST = 100;

export function createFollowed(line: Line): Followed {
  const topics = new Map<string, Topic>();
  let flushing = false;

  /** Asks for all idle topics at the end of this turn, so that those touched in one turn share a message. */
  function flush(): void {
    if (flushing) return;
    flushing = true;
    queueMicrotask(() => {
      flushing = false;
      if (!line.connected()) return;
      const idle = [...topics.values()].filter((topic) => topic.phase === 'idle' && ready(topic).length > 0);
      for (let at = 0; at < idle.length; at += MOST) ask(idle.slice(at, at + MOST));
    });
  }

  function ask(some: Topic[]): void {
    const after: Record<string, string> = {};
    const turns = some.map((topic) => enter(topic, 'asked'));
    for (const topic of some) {
      const from = beginning(topic);
      if (from !== undefined) after[topic.name] = from;
    }
    line.ask('subscribe', { topics: some.map((topic) => topic.name), after }).then(
      (reply) => {
        const waiting = some.filter((topic, index) => topic.turn === turns[index]);
        answered(waiting, (reply ?? {}) as Partial<{ problem: Problem; topics: Subscribed[] }>);
      },
      () => undefined,
    );
  }

  /** Takes the answer for some topics. Since one invalid topic spoils a whole message, each is then asked for alone. */
  function answered(some: Topic[], { problem, topics: answers = [] }: Partial<{ problem: Problem; topics: Subscribed[] }>): void {
    const alone = problem?.code === 'invalid' && some.length > 1;
    const byTopic = new Map(answers.map((one) => [one.topic, one]));
    for (const topic of some) {
      if (alone) ask([topic]);
      else settle(topic, byTopic.get(topic.name) ?? { problem });
    }
  }

  function settle(topic: Topic, answer: Subscribed | { problem: Problem | undefined }): void {
    if ('problem' in answer) turnedDown(topic, answer.problem?.code);
    else if ('snapshotNeeded' in answer) query(topic);
    else goLive(topic, answer.position);
  }

  function turnedDown(topic: Topic, code: ProblemCode | undefined): void {
    if (code === 'forbidden' || code === 'invalid') lose(topic, 'forbidden');
    else again(topic, line.delay(topic.failures++));
  }

  function goLive(topic: Topic, position: string): void {
    enter(topic, 'live');
    topic.failures = 0;
    advance(topic, position);
  }

  /** Asks for a topic again after `delay` milliseconds. */
  function again(topic: Topic, delay: number): void {
    const turn = enter(topic, 'leaving');
    setTimeout(() => {
      if (topic.turn === turn) begin(topic);
    }, delay);
  }

  function begin(topic: Topic): void {
    enter(topic, 'idle');
    if (topic.followers.size > 0) flush();
    else topics.delete(topic.name);
  }

  /** Gives up a topic's subscription and begins again after the followers' last positions, `delay` milliseconds later. */
  function restart(topic: Topic, delay = 0): void {
    if (topic.phase !== 'asked' && topic.phase !== 'live') return;
    const turn = enter(topic, 'leaving');
    line.ask('unsubscribe', { topics: [topic.name] }).then(
      () => {
        if (topic.turn !== turn) return;
        if (delay > 0) again(topic, delay);
        else begin(topic);
      },
      () => undefined,
    );
  }

  function query(topic: Topic): void {
    enter(topic, 'idle');
    const attempt = topic.failures++;
    for (const follower of ready(topic)) {
      follower.querying = true;
      if (attempt === 0) snapshot(topic, follower, 0);
      else setTimeout(() => snapshot(topic, follower, 0), line.delay(attempt));
    }
  }

  function snapshot(topic: Topic, follower: Follower, attempt: number): void {
    if (follower.closed) return;
    Promise.resolve()
      .then(() => follower.options.onSnapshotNeeded())
      .then(
        (position) => {
          follower.position = position;
          follower.querying = false;
          if (!follower.closed) join(topic);
        },
        () => setTimeout(() => snapshot(topic, follower, attempt + 1), line.delay(attempt)),
      );
  }

  /** Lets a new follower of the topic get changes from its own position on. */
  function join(topic: Topic): void {
    if (topic.phase === 'idle') flush();
    else restart(topic);
  }

  function leave(topic: Topic, follower: Follower): void {
    if (follower.closed) return;
    follower.closed = true;
    topic.followers.delete(follower);
    if (topic.followers.size > 0) return;
    if (topic.phase === 'idle') topics.delete(topic.name);
    else restart(topic);
  }

  function lose(topic: Topic, reason: LeftReason): void {
    topics.delete(topic.name);
    enter(topic, 'leaving');
    for (const follower of topic.followers) {
      follower.closed = true;
      guarded(() => follower.options.onLeft?.(reason));
    }
  }

  return {
    subscribe(name, options) {
      const topic: Topic = topics.get(name) ?? { name, phase: 'idle', followers: new Set(), failures: 0, turn: 0 };
      const follower: Follower = { options, position: options.after, querying: false, closed: false };
      topics.set(name, topic);
      topic.followers.add(follower);
      join(topic);
      return {
        topic: name,
        position: () => follower.position,
        close: () => leave(topic, follower),
      };
    },
    connected: flush,
    disconnected() {
      for (const topic of [...topics.values()]) {
        enter(topic, 'idle');
        if (topic.followers.size === 0) topics.delete(topic.name);
      }
    },
    change(change) {
      const topic = topics.get(change.topic);
      if (topic?.phase !== 'asked' && topic?.phase !== 'live') return;
      if (deliver(topic, change) === 'delivered') return;
      const attempt = topic.failures++;
      restart(topic, attempt === 0 ? 0 : line.delay(attempt));
    },
    reached(position) {
      for (const topic of topics.values()) if (topic.phase === 'live') advance(topic, position);
    },
    left(name, reason) {
      const topic = topics.get(name);
      if (topic) lose(topic, reason);
    },
    snapshotNeeded(name) {
      const topic = topics.get(name);
      if (topic?.phase === 'asked' || topic?.phase === 'live') query(topic);
    },
    close() {
      for (const topic of topics.values()) for (const follower of topic.followers) follower.closed = true;
      topics.clear();
    },
  };
}

/** Changes the phase of a topic; returns the new turn. */
function enter(topic: Topic, phase: Phase): number {
  topic.phase = phase;
  return ++topic.turn;
}

function ready(topic: Topic): Follower[] {
  return [...topic.followers].filter((follower) => !follower.querying);
}

/** The earliest position of a topic's followers. Followers without a position take over the newest. */
function beginning(topic: Topic): string | undefined {
  const positions = ready(topic).flatMap(({ position }) => (position === undefined ? [] : [position]));
  if (positions.length === 0) return undefined;
  positions.sort();
  for (const follower of ready(topic)) follower.position ??= positions.at(-1);
  return positions[0];
}

function advance(topic: Topic, position: string): void {
  for (const follower of ready(topic)) if (follower.position === undefined || position > follower.position) follower.position = position;
}

/** Hands a change to each follower that has not had it; `gap` where a follower has missed the change before. */
function deliver(topic: Topic, change: Change): 'gap' | 'delivered' {
  const followers = ready(topic).filter(({ position }) => position === undefined || position < change.position);
  const { previous } = change;
  if (previous !== null && followers.some(({ position }) => position !== undefined && position < previous)) return 'gap';
  for (const follower of followers) {
    follower.position = change.position;
    guarded(() => follower.options.onChange(change));
  }
  return 'delivered';
}

/** Calls the page's own code. Its errors are reported as uncaught, and keep no other follower from its changes. */
function guarded(call: () => void): void {
  try {
    call();
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}
