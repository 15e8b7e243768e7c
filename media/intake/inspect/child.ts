/** The program of the process that looks at files: a question in, an answer out, one at a time. It may read files, and do nothing else. */
import { FileRefused, type NotTaken } from '../../file-refused.ts';
import type { Found, Question } from './finding.ts';
import { inspect } from './inspect.ts';

/** The answer to a question. */
export type InspectAnswer = { found: Found } | { refused: NotTaken } | { failed: string };

async function answerTo(question: Question): Promise<InspectAnswer> {
  try {
    return { found: await inspect(question) };
  } catch (error) {
    if (error instanceof FileRefused) return { refused: { rule: error.rule, detail: error.message } };
    return { failed: String(error).slice(0, 500) };
  }
}

process.on('message', async (question: Question) => {
  const answered = await answerTo(question);
  // A process that is gone meanwhile is no error of this one, which ends with it.
  process.send?.(answered, () => {});
});
// The process that asks is gone.
process.on('disconnect', () => process.exit());
