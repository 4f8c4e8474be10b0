/** What a caller should do: try again later, or set it aside until somebody has mended something. */
export type Remedy = 'transient' | 'permanent';

export interface Entry {
  readonly code: string;
  readonly remedy: Remedy;
  /** To be read after the endpoint's own words. */
  readonly hint: string;
}

const entry = (remedy: Remedy, code: string, hint: string): Entry => ({ code, remedy, hint });

/** The codes that this library gives. Each is stable; consumers decide by it. */
export const entries = {
  accessDenied: entry(
    'permanent',
    'S3.ACCESS_DENIED',
    'Give this access key the right to do it on the bucket (list versions, read, write, tag and delete), or take the key of the account that owns the bucket.',
  ),
  accessKey: entry(
    'permanent',
    'S3.ACCESS_KEY',
    'The endpoint does not know this access key: check it, and that it belongs to this endpoint.',
  ),
  signature: entry(
    'permanent',
    'S3.SIGNATURE',
    'The secret key does not belong to this access key: enter both again, without spaces around them.',
  ),
  region: entry(
    'permanent',
    'S3.REGION',
    'The endpoint wants requests signed for another region: set the region that its message names.',
  ),
  clock: entry(
    'transient',
    'S3.CLOCK',
    "This machine's clock and the endpoint's differ too much: synchronise both, with NTP for example.",
  ),
  noSuchBucket: entry(
    'permanent',
    'S3.NO_SUCH_BUCKET',
    "Create the bucket on the connector, enable its versioning, or correct the location's bucket name.",
  ),
  noSuchKey: entry('permanent', 'S3.NO_SUCH_KEY', 'The object is not, or no longer, at the connector.'),
  noSuchVersion: entry('permanent', 'S3.NO_SUCH_VERSION', 'The version is not, or no longer, at the connector.'),
  noSuchUpload: entry('permanent', 'S3.NO_SUCH_UPLOAD', 'The multipart upload was completed or aborted meanwhile.'),
  notAllowed: entry(
    'permanent',
    'S3.METHOD_NOT_ALLOWED',
    'A delete marker has no content and no description; for anything else, look at what stands before the endpoint.',
  ),
  throttled: entry('transient', 'S3.THROTTLED', 'The endpoint asks for fewer requests: lower the request budget.'),
  unavailable: entry(
    'transient',
    'S3.UNAVAILABLE',
    'The endpoint, or a load balancer before it, has a fault of its own: look at its health.',
  ),
  conflict: entry('transient', 'S3.CONFLICT', 'Another operation on the same thing is going on; it is tried again.'),
  versioning: entry('permanent', 'S3.VERSIONING', 'Enable versioning on the bucket at the connector.'),
  versioningOff: entry(
    'permanent',
    'S3.VERSIONING_OFF',
    'Enable versioning on the bucket: aws s3api put-bucket-versioning --versioning-configuration Status=Enabled.',
  ),
  versioningSuspended: entry(
    'permanent',
    'S3.VERSIONING_SUSPENDED',
    'Enable versioning again on the bucket: while it is suspended, each upload overwrites one before it for good.',
  ),
  precondition: entry('permanent', 'S3.PRECONDITION', 'The object has changed meanwhile.'),
  refused: entry('permanent', 'S3.REFUSED', 'The endpoint will never take this request as it is.'),
  notImplemented: entry('permanent', 'S3.NOT_IMPLEMENTED', 'The endpoint lacks this operation: S3 Connector has it.'),
  redirect: entry(
    'permanent',
    'S3.REDIRECT',
    'Redirects are not followed: enter the address that answers itself, with the right scheme and port.',
  ),
  notS3: entry(
    'permanent',
    'S3.NOT_S3',
    'Something else than S3 answers there: check host and port; S3 Connector usually has port 8000, 80 or 443.',
  ),
  unreachable: entry(
    'transient',
    'S3.UNREACHABLE',
    'Check host and port, that the endpoint runs, and that a firewall lets this machine through.',
  ),
  noSuchHost: entry('transient', 'S3.NO_SUCH_HOST', 'The name can not be resolved: check its spelling and the DNS.'),
  timeout: entry(
    'transient',
    'S3.TIMEOUT',
    'Nothing answered in time: check host, port and firewall, and the load of the endpoint.',
  ),
  aborted: entry('transient', 'S3.ABORTED', 'The caller ended the request.'),
  tlsMismatch: entry(
    'permanent',
    'S3.TLS_MISMATCH',
    'The port speaks plain HTTP, not TLS: write http:// before the endpoint, or take its HTTPS port.',
  ),
  tlsUntrusted: entry(
    'permanent',
    'S3.TLS_UNTRUSTED',
    'Nobody this machine trusts has signed the certificate: give the authority of it by NODE_EXTRA_CA_CERTS.',
  ),
  tlsExpired: entry('permanent', 'S3.TLS_EXPIRED', "Renew the endpoint's certificate, and check this machine's clock."),
  tlsName: entry(
    'permanent',
    'S3.TLS_NAME',
    'The certificate is for other names: enter the endpoint by a name that the certificate has.',
  ),
  unknown: entry('transient', 'S3.UNKNOWN', 'An error that the table of errors does not know.'),
} satisfies Record<string, Entry>;

const e = entries;

/** By the `<Code>` of S3's error document. S3 Connector's first, then what other endpoints say for the same. */
export const byS3Code: Readonly<Record<string, Entry>> = {
  AccessDenied: e.accessDenied,
  AllAccessDisabled: e.accessDenied,
  AccountProblem: e.accessDenied,
  InvalidAccessKeyId: e.accessKey,
  SignatureDoesNotMatch: e.signature,
  AuthorizationHeaderMalformed: e.region,
  RequestTimeTooSkewed: e.clock,
  NoSuchBucket: e.noSuchBucket,
  NoSuchKey: e.noSuchKey,
  NoSuchVersion: e.noSuchVersion,
  NoSuchUpload: e.noSuchUpload,
  SlowDown: e.throttled,
  SlowDownRead: e.throttled,
  SlowDownWrite: e.throttled,
  Throttling: e.throttled,
  ThrottlingException: e.throttled,
  TooManyRequests: e.throttled,
  RequestLimitExceeded: e.throttled,
  InternalError: e.unavailable,
  ServiceUnavailable: e.unavailable,
  XMinioServerNotInitialized: e.unavailable,
  RequestTimeout: e.timeout,
  OperationAborted: e.conflict,
  ConditionalRequestConflict: e.conflict,
  InvalidBucketState: e.versioning,
  InvalidObjectState: e.refused,
  PreconditionFailed: e.precondition,
  NotImplemented: e.notImplemented,
  PermanentRedirect: e.redirect,
  TemporaryRedirect: e.redirect,
  Redirect: e.redirect,
};

/** Where the answer carries no code: HEAD, and load balancers. What is not here is `refused` from 400 on. */
export const byStatus: Readonly<Record<number, Entry>> = {
  301: e.redirect,
  302: e.redirect,
  303: e.redirect,
  307: e.redirect,
  308: e.redirect,
  401: e.accessDenied,
  403: e.accessDenied,
  404: e.noSuchKey,
  405: e.notAllowed,
  408: e.timeout,
  409: e.conflict,
  412: e.precondition,
  429: e.throttled,
  501: e.notImplemented,
};

/** By the code of Node's own errors: system calls, DNS, TLS, HTTP parser. */
export const byNodeCode: Readonly<Record<string, Entry>> = {
  ECONNREFUSED: e.unreachable,
  EHOSTUNREACH: e.unreachable,
  ENETUNREACH: e.unreachable,
  EADDRNOTAVAIL: e.unreachable,
  ECONNRESET: e.unreachable,
  ECONNABORTED: e.unreachable,
  EPIPE: e.unreachable,
  ENOTFOUND: e.noSuchHost,
  EAI_AGAIN: e.noSuchHost,
  EAI_FAIL: e.noSuchHost,
  ETIMEDOUT: e.timeout,
  EPROTO: e.tlsMismatch,
  ERR_SSL_WRONG_VERSION_NUMBER: e.tlsMismatch,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: e.tlsMismatch,
  DEPTH_ZERO_SELF_SIGNED_CERT: e.tlsUntrusted,
  SELF_SIGNED_CERT_IN_CHAIN: e.tlsUntrusted,
  UNABLE_TO_GET_ISSUER_CERT: e.tlsUntrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: e.tlsUntrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: e.tlsUntrusted,
  CERT_UNTRUSTED: e.tlsUntrusted,
  CERT_REVOKED: e.tlsUntrusted,
  CERT_HAS_EXPIRED: e.tlsExpired,
  CERT_NOT_YET_VALID: e.tlsExpired,
  ERR_TLS_CERT_ALTNAME_INVALID: e.tlsName,
};
