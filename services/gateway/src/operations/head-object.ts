import { judgeConditions } from '../protocol/conditions.js';
import { describedHeaders, identityHeaders, readOverrides, relayedHeaders } from '../protocol/object-headers.js';
import { headContent } from './connector-object.js';
import { findObject } from './find-object.js';
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
  if (document.description !== null && selection.partNumber === undefined) {
    const headers = describedHeaders(document, document.description, selection.range);
    return { status: selection.range === undefined ? 200 : 206, headers: { ...headers, ...overrides } };
  }
  const answer = await headContent(call, sources, found, selection);
  const { 'x-amz-tagging-count': _count, ...headers } = relayedHeaders(document, answer.headers);
  return { status: answer.status, headers: { ...headers, ...overrides } };
};
