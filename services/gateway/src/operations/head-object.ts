import { judgeConditions } from '../protocol/conditions.js';
import { describedHeaders, identityHeaders, readOverrides, relayedHeaders } from '../protocol/object-headers.js';
import { type ConnectorAnswer, headContent } from './connector-object.js';
import { findObject } from './find-object.js';
import { chooseBytes } from './open-version.js';
import type { Operation } from './operation.js';
import { readSelection } from './selection.js';

/** From the mirror, with the connector down too; only what was not described yet, or a part, is asked of the connector. */
export const headObject: Operation = async (call, sources) => {
  const { request } = call;
  const overrides = readOverrides(request);
  const found = await findObject(call, sources);
  const { document } = found;
  if (judgeConditions(request, document) === 'notModified') {
    return { status: 304, headers: identityHeaders(document) };
  }
  const selection = readSelection(request, document.size);
  if (document.pending !== undefined) {
    const { status, headers } = withoutTagCount(chooseBytes(found, selection));
    return { status, headers: { ...headers, ...overrides } };
  }
  if (document.description !== null && selection.partNumber === undefined) {
    const headers = describedHeaders(document, document.description, selection.range);
    return { status: selection.range === undefined ? 200 : 206, headers: { ...headers, ...overrides } };
  }
  const answer = await headContent(call, sources, found, selection);
  const { status, headers } = withoutTagCount({ ...answer, headers: relayedHeaders(document, answer.headers) });
  return { status, headers: { ...headers, ...overrides } };
};

/** S3 tells the number of tags with GET only. */
function withoutTagCount({ status, headers }: ConnectorAnswer): ConnectorAnswer {
  const { 'x-amz-tagging-count': _count, ...others } = headers;
  return { status, headers: others };
}
