import { randomBytes } from 'node:crypto';
import type { AccessKey, CachedLookup } from '@mirror/config-client';
import type { Logger } from '@mirror/runtime';
import { authenticate } from './authenticate.js';
import type { IncomingBody } from './body/incoming-body.js';
import { RequestBody } from './body/request-body.js';
import type { Sources } from './operations/operation.js';
import { route } from './operations/router.js';
import { S3Error } from './protocol/errors.js';
import { withHoistedHeaders } from './protocol/hoisted-headers.js';
import { parseS3Request } from './protocol/s3-request.js';
import { errorResponse, resourceOf, type S3Response } from './protocol/s3-response.js';
import { toS3Error } from './to-s3-error.js';

export interface Served {
  readonly response: S3Response;
  /** S3's name of the operation; `none` where it did not come that far. */
  readonly operation: string;
}

/** What is known of a request before anything of it is understood. `target` is the request line's, untouched. */
export interface Received {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly body: IncomingBody;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

/** One request from its line to its answer: parse, authenticate, route, run. */
export class RequestServer {
  constructor(
    private readonly keys: CachedLookup<AccessKey>,
    private readonly sources: Sources,
    private readonly logger: Logger,
  ) {}

  /** Never rejects: what goes wrong is an answer, too. */
  async serve(received: Received): Promise<Served> {
    const about = { id: newRequestId(), method: received.method, resource: received.target, operation: 'none' };
    try {
      const response = await this.#run(received, about);
      return { operation: about.operation, response: withIds(response, about.id) };
    } catch (error) {
      const known = toS3Error(error);
      if (known.status >= 500 && !received.signal.aborted) this.#log(known, about);
      return { operation: about.operation, response: withIds(errorResponse(known, about), about.id) };
    }
  }

  async #run({ rawHeaders, signal, body: incoming }: Received, about: About): Promise<S3Response> {
    const received = parseS3Request(about.method, about.resource, rawHeaders);
    about.resource = resourceOf(received);
    if (about.method === 'OPTIONS') throw new S3Error('AccessForbidden'); // a browser's preflight is never signed
    const { caller, claim } = await authenticate(received, this.keys, new Date());
    const request = withHoistedHeaders(received); // the signature was made over what came
    const { name, run, takesBody = false } = route({ request, caller });
    about.operation = name;
    const body = new RequestBody(incoming, request, claim, caller.secretAccessKey);
    if (!takesBody) await body.refuse();
    return run({ request, caller, body, signal }, this.sources);
  }

  #log(error: S3Error, about: About): void {
    const { id: requestId, ...what } = about;
    const fields = { err: error.cause ?? error, requestId, ...what, status: error.status };
    if (error.status === 501) this.logger.debug(fields, 'not implemented');
    else this.logger.warn(fields, 'a request could not be served');
  }
}

interface About {
  readonly id: string;
  readonly method: string;
  resource: string;
  operation: string;
}

const newRequestId = (): string => randomBytes(8).toString('hex').toUpperCase();

function withIds(response: S3Response, id: string): S3Response {
  return { ...response, headers: { ...response.headers, 'x-amz-request-id': id, 'x-amz-id-2': id } };
}
