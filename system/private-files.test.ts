import { describePrivateFiles } from './private-files.suite.ts';

describePrivateFiles('in a folder', async () => ({}));
