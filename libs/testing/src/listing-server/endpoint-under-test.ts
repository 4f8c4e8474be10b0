import type { S3Client } from '@aws-sdk/client-s3';

export interface EndpointUnderTest {
  /** Set as S3 Connector wants it: checksums only where required. */
  readonly s3: S3Client;
  /** Empty, and never versioned. */
  readonly bucket: string;
  readonly stop: () => Promise<void>;
}
