import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, generateBucket, type ToolAccess, testServers } from '@mirror/testing';
import { mirrorListing } from './fill-namespace.js';
import { listConnector } from './list-connector.js';
import { RunningGateway, WRITER } from './running-gateway.js';

/** A connector's bucket of a thousand keys and more, mirrored under its own name, so that every line of both can be equal. */
export class Comparison {
  readonly gateway = new RunningGateway();
  connector!: FreshBucket;
  /** Keys of the bucket. */
  keys = 0;

  async start(): Promise<void> {
    this.connector = await freshBucket({ prefix: 'compare', versioning: 'none' });
    const shape = { seed: 7, versions: 1_650, hotKeyVersions: 60, nullVersions: 60, multiparts: 5, astralKeys: true };
    const { s3, bucket } = this.connector;
    this.keys = (await generateBucket(s3, bucket, { shape })).keys;
    await keepFolders(this.connector);
    await this.gateway.start();
    await mirrorListing(bucket, this.gateway.namespace, 'life-1');
    await this.gateway.setLocation('ring', testServers().connector.endpoint, bucket);
    await this.gateway.mirror(bucket, 'life-1', 'ring');
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.connector?.drop();
  }

  get bucket(): string {
    return this.connector.bucket;
  }

  get ours(): ToolAccess {
    const { id: accessKeyId, secretAccessKey } = WRITER;
    return { endpoint: this.gateway.url, bucket: this.bucket, accessKeyId, secretAccessKey };
  }

  get theirs(): ToolAccess {
    const { endpoint, accessKeyId, secretAccessKey } = testServers().connector;
    return { endpoint, bucket: this.bucket, accessKeyId, secretAccessKey };
  }
}

/** MinIO goes on listing a folder when everything in it is deleted; S3 does not. So none is left without an object. */
async function keepFolders({ s3, bucket }: FreshBucket): Promise<void> {
  for await (const versions of listConnector(bucket)) {
    for (const { key, kind, isLatest } of versions) {
      if (kind !== 'deleteMarker' || !isLatest) continue;
      const folder = key.slice(0, key.lastIndexOf('/') + 1);
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${folder}kept.txt`, Body: 'kept' }));
    }
  }
}
