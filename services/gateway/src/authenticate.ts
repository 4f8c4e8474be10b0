import type { AccessKey, CachedLookup } from '@mirror/config-client';
import { S3Error, serviceUnavailable } from './protocol/errors.js';
import type { S3Request } from './protocol/s3-request.js';
import { readClaim, type SignatureClaim } from './protocol/signature-claim.js';
import { canonicalPaths, isSameSignature, type Signing, sign } from './protocol/sigv4.js';

export interface Authenticated {
  readonly caller: AccessKey;
  /** Found true: what the signatures of a body's chunks go on from. */
  readonly claim: SignatureClaim;
}

/** The ids that the config service gives; nothing else is worth asking it. */
const ACCESS_KEY_ID = /^[A-Z0-9]{1,128}$/;

/** Who signed this request. Throws S3's errors; ServiceUnavailable when the config service can't be asked for the key. */
export async function authenticate(
  request: S3Request,
  keys: CachedLookup<AccessKey>,
  now: Date,
): Promise<Authenticated> {
  const claim = readClaim(request, now);
  const caller = ACCESS_KEY_ID.test(claim.accessKeyId) ? await findKey(keys, claim.accessKeyId) : null;
  if (caller === null) {
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: claim.accessKeyId } });
  }
  checkSignature(request, claim, caller.secretAccessKey);
  return { caller, claim };
}

async function findKey(keys: CachedLookup<AccessKey>, id: string): Promise<AccessKey | null> {
  try {
    return await keys.get(id);
  } catch (error) {
    throw serviceUnavailable('Access keys can not be checked at the moment.', error);
  }
}

function checkSignature(request: S3Request, claim: SignatureClaim, secret: string): void {
  let signing: Signing | undefined;
  for (const path of canonicalPaths(request)) {
    const candidate = sign(request, path, claim, secret);
    if (isSameSignature(claim.signature, candidate.signature)) return;
    signing ??= candidate;
  }
  // What was signed is shown, as S3 does: it is how a client finds its mistake. It holds no secret.
  throw new S3Error('SignatureDoesNotMatch', {
    elements: {
      AWSAccessKeyId: claim.accessKeyId,
      StringToSign: signing?.stringToSign ?? '',
      SignatureProvided: claim.signature,
      CanonicalRequest: signing?.canonicalRequest ?? '',
    },
  });
}
