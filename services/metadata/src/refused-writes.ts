import { PermanentError } from '@mirror/runtime';
import { MongoBulkWriteError, MongoServerError } from 'mongodb';

/** What MongoDB refuses because of the document itself, so that no later try can help: its code, and in words. */
const REFUSED: ReadonlyMap<unknown, string> = new Map([
  [2, 'a value is out of bounds'],
  [121, 'the document does not pass the collection’s validation'],
  [10334, 'the document is too large'],
  [17280, 'a key is too long for its index'],
]);

/** PermanentError for what the database refuses for good; anything else (it is away, say) as it came, to be waited for. */
export function translateWriteError(error: unknown): unknown {
  if (!(error instanceof MongoServerError)) return error;
  const failures = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
  const codes = [error.code, ...failures.map(({ code }) => code)];
  const reason = codes.map((code) => REFUSED.get(code)).find((words) => words !== undefined);
  if (reason === undefined) return error;
  return new PermanentError(`MongoDB refuses the change: ${reason}`, {
    code: 'CHANGE.REFUSED_BY_DATABASE',
    hint: 'Mend what the database refuses, then retry the failure.',
    cause: error,
  });
}
