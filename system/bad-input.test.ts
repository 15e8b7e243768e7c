import { describeBadInput } from './bad-input.suite.ts';
import { openSystem } from './system.fixture.ts';

describeBadInput(openSystem, { alone: true });
