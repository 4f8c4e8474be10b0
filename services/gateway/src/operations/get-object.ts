import { judgeConditions } from '../protocol/conditions.js';
import { identityHeaders, readOverrides } from '../protocol/object-headers.js';
import { headerValue } from '../protocol/s3-request.js';
import { findObject } from './find-object.js';
import { openVersion } from './open-version.js';
import type { Operation } from './operation.js';
import { readSelection } from './selection.js';

/** Conditions and ranges are judged on the mirror; the bytes, and what is said of them, are the connector's, or staged. */
export const getObject: Operation = async (call, sources) => {
  const { request } = call;
  const overrides = readOverrides(request);
  const found = await findObject(call, sources);
  const { document } = found;
  if (judgeConditions(request, document) === 'notModified') {
    return { status: 304, headers: identityHeaders(document) };
  }
  const selection = readSelection(request, document.size);
  // A null version can be replaced at the connector before a listing says so: it judges If-Match once more.
  const ifMatch = headerValue(request, 'if-match');
  const { status, headers, body } = await openVersion(call, sources, found, selection, ifMatch);
  return { status, headers: { ...headers, ...overrides }, body };
};
