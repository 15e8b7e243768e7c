import { describe, expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { folded, given, minute, stream } from '../spec.fixture.ts';
import { blockedVisitors } from './blocked.ts';

const blocked = { type: 'VisitorBlocked' };
const unblocked = { type: 'VisitorUnblocked' };
const erased = { type: 'BlockErased' };
const { until } = exampleEvent('VisitorBlocked').data as { until: string };

describe('an entry of a blocklist', () => {
  it('has who it is, why and until when, and is forgotten then', () =>
    given(blockedVisitors, blocked).becomes({ name: 'Max Grob', reason: 'Broke the door of house A', until, madeAt: minute(0), forgetAt: until }));
  it('that was taken off names nobody any more, and is forgotten at once', () => {
    given(blockedVisitors, blocked, unblocked).becomes({ name: null, plate: null, forgetAt: minute(1) });
    expect(JSON.stringify(folded(blockedVisitors, stream(blocked, unblocked)))).not.toMatch(/grob|xx|door/i);
  });
  it('is gone once it is forgotten', () => given(blockedVisitors, blocked, erased).thenNothing());
  it('does not end before it began', () => given(blockedVisitors, unblocked).outOfPlace());
});
