import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { S3Client } from '@aws-sdk/client-s3';
import { FatalError } from '@mirror/runtime';
import { z } from 'zod';
import { DirectoryStaging } from './directory-staging.js';
import { S3Staging } from './s3-staging.js';
import type { Staging } from './staging.js';

/** Variables of the services that stage bytes. */
export const stagingEnv = {
  STAGING_URL: z
    .string()
    .regex(
      /^(file:\/\/\/|s3:\/\/[^/])/,
      'file:///directory, or s3://bucket/prefix?endpoint=http://host:port&region=name',
    )
    .describe('Where uploads wait: `file:///directory`, or `s3://bucket/prefix?endpoint=http://host:port&region=name`'),
  STAGING_ACCESS_KEY_ID: z.string().default('').describe('Access key of the staging bucket; for `s3:` only'),
  STAGING_SECRET_ACCESS_KEY: z.string().default('').describe('Its secret'),
};

export interface StagingCredentials {
  readonly STAGING_ACCESS_KEY_ID?: string;
  readonly STAGING_SECRET_ACCESS_KEY?: string;
}

/**
 * The store that a URL names: `file:///dir`, made where it is missing, or
 * `s3://bucket/prefix?endpoint=http://host:port&region=name`. FatalError STAGING.INVALID_URL. Touches no network.
 */
export async function openStaging(url: string, env: StagingCredentials = {}): Promise<Staging> {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol === 'file:') return openDirectory(parsed);
  if (parsed?.protocol === 's3:') return openBucket(parsed, env);
  throw invalid('it begins neither with file:// nor with s3://');
}

async function openDirectory(url: URL): Promise<Staging> {
  if (url.host !== '' || !isAbsolute(url.pathname) || url.pathname === '/') {
    throw invalid('a directory is named by three slashes and its absolute path');
  }
  const staging = new DirectoryStaging(fileURLToPath(url));
  await staging.check();
  return staging;
}

function openBucket(url: URL, env: StagingCredentials): Staging {
  const endpoint = url.searchParams.get('endpoint') ?? '';
  const { STAGING_ACCESS_KEY_ID: accessKeyId = '', STAGING_SECRET_ACCESS_KEY: secretAccessKey = '' } = env;
  if (!/^https?:\/\/[^/]/.test(endpoint)) throw invalid('endpoint is missing, or is no http:// or https:// address');
  if (accessKeyId === '' || secretAccessKey === '') {
    throw invalid('a bucket needs STAGING_ACCESS_KEY_ID and STAGING_SECRET_ACCESS_KEY');
  }
  const s3 = new S3Client({
    endpoint,
    region: url.searchParams.get('region') ?? 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const folder = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
  return new S3Staging(s3, url.hostname, folder === '' ? '' : `${folder}/`);
}

const invalid = (reason: string): FatalError =>
  new FatalError(`STAGING_URL: ${reason}`, {
    code: 'STAGING.INVALID_URL',
    hint: 'Give file:///directory, or s3://bucket/prefix?endpoint=http://host:port&region=name.',
  });
