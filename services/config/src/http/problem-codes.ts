/** Every stable code an answer may carry, with its HTTP status and what it means. The OpenAPI document lists them. */
export const problemCodes = {
  'REQUEST.INVALID_FIELD': [400, 'A field or parameter is missing, of the wrong type or out of bounds'],
  'REQUEST.UNKNOWN_FIELD': [400, 'A field or parameter that this call does not know'],
  'REQUEST.MALFORMED': [400, 'The request cannot be read: no valid JSON, or a bad URL'],
  'REQUEST.TOO_LARGE': [413, 'The body is too large'],
  'REQUEST.URI_TOO_LONG': [414, 'The URL is too long'],
  'REQUEST.MEDIA_TYPE': [415, 'The body is not application/json'],
  'REQUEST.NOT_FOUND': [404, 'No such address'],
  'REQUEST.METHOD': [405, 'The address exists, the method does not'],
  'AUTH.TOKEN_MISSING': [401, 'No bearer token'],
  'AUTH.TOKEN_UNKNOWN': [401, 'A bearer token that is not valid, or no longer'],
  'AUTH.FORBIDDEN': [403, "The token's role does not allow this call"],
  'LOCATION.NOT_FOUND': [404, 'No location of this name'],
  'LOCATION.EXISTS': [409, 'A location of this name exists'],
  'LOCATION.IN_USE': [409, 'A bucket mirrors this location'],
  'LOCATION.CHANGED': [409, 'Somebody changed the location meanwhile'],
  'LOCATION.PREREQUISITES': [422, 'The endpoint does not meet every prerequisite; `checks` has each'],
  'BUCKET.NOT_FOUND': [404, 'No bucket of this name'],
  'BUCKET.EXISTS': [409, 'A bucket of this name exists'],
  'BUCKET.LOCATION_MIRRORED': [409, 'Another bucket mirrors this location'],
  'BUCKET.TARGET_MIRRORED': [409, 'Another bucket mirrors the same endpoint and target bucket'],
  'BUCKET.NOT_A_MIRROR': [422, 'The location constraint does not ask for Mirror mode'],
  'BUCKET.LOCATION_UNKNOWN': [422, 'The location constraint names no location'],
  'BUCKET.LOCATION_PREFIXED': [422, 'The location writes objects with a prefix, which rules out Mirror mode'],
  'BUCKET.RESUME_IN_PAST': [422, 'The hour at which the pause should end has passed'],
  'BUCKET.LEDGER_UNKNOWN': [409, 'The poller does not tell how many removals there are to accept'],
  'BUCKET.LEDGER_AHEAD': [409, 'More removals are accepted than the ledger knows'],
  'BUCKET.UPLOADS_WAITING': [409, 'Uploads wait to be brought to the connector'],
  'BUCKET.UPLOADS_UNKNOWN': [503, 'Whether uploads wait is not known, because the replication service does not answer'],
  'FAILURE.NOT_FOUND': [404, 'No failure of this id, or no longer'],
  'FAILURE.UNAVAILABLE': [503, 'The service that keeps the failures does not answer'],
  'ACCESS_KEY.NOT_FOUND': [404, 'No access key of this id'],
  'TOKEN.NOT_FOUND': [404, 'No token of this id'],
  'CONFIG.DATABASE_UNAVAILABLE': [503, 'The database does not answer'],
  'CONFIG.STOPPING': [503, 'The service is going down'],
  'CONFIG.INTERNAL': [500, 'A fault of the service'],
} as const satisfies Record<string, readonly [status: number, meaning: string]>;

export type ProblemCode = keyof typeof problemCodes;

export const statusOf = (code: ProblemCode): number => problemCodes[code][0];

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(problemCodes, code);
