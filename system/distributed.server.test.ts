/** On real servers, each part a process of its own, behind one port: a client cannot tell it from the one process. */
import { describe } from 'vitest';
import { describeWith } from '../servers/for-tests.fixture.ts';
import { describeBadInput } from './bad-input.suite.ts';
import { DISTRIBUTED, openDistributed } from './distributed.fixture.ts';
import { describePath } from './path.suite.ts';

const open = (env: Record<string, string> = {}) => openDistributed({ env });

describeWith(DISTRIBUTED, 'the parts on real servers', () => {
  describe('the whole path', () => describePath(open));
  describe('bad input', () => describeBadInput(open, { alone: false }));
});
