import { describeMediaQueries } from './media.suite.ts';

describeMediaQueries();
