import { describePath } from './path.suite.ts';
import { openSystem } from './system.fixture.ts';

describePath(openSystem);
