import { ListObjectVersionsCommand, type ListObjectVersionsCommandOutput, type S3Client } from '@aws-sdk/client-s3';

/** A version or delete marker, as an endpoint lists it. */
export interface HistoryEntry {
  readonly key: string;
  readonly versionId: string;
  readonly kind: 'version' | 'deleteMarker';
  readonly isLatest: boolean;
  /** Empty for a delete marker. */
  readonly etag: string;
}

/**
 * All versions and delete markers of each key, newest first. The SDK reads them into two lists, so this looks at the answer
 * itself, for the order between the two. Keys must need no escape in XML.
 */
export async function listHistory(s3: S3Client, Bucket: string, Prefix?: string): Promise<Map<string, HistoryEntry[]>> {
  const found: HistoryEntry[] = [];
  for (let [KeyMarker, VersionIdMarker]: (string | undefined)[] = []; ; ) {
    const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({
      Bucket,
      Prefix,
      KeyMarker,
      VersionIdMarker,
    });
    const body = captureBody(command);
    const page: ListObjectVersionsCommandOutput = await s3.send(command);
    found.push(...readEntries(body.text()));
    if (!page.IsTruncated) return Map.groupBy(found, ({ key }) => key);
    [KeyMarker, VersionIdMarker] = [page.NextKeyMarker, page.NextVersionIdMarker];
  }
}

function captureBody(command: ListObjectVersionsCommand): { text(): string } {
  const chunks: Uint8Array[] = [];
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { body: unknown };
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) chunks.push(chunk);
      response.body = Buffer.concat(chunks);
      return result;
    },
    // Low: nearest to the wire, so that the body is still unread.
    { step: 'deserialize', priority: 'low', name: 'captureBody' },
  );
  return { text: () => Buffer.concat(chunks).toString() };
}

function readEntries(body: string): HistoryEntry[] {
  return [...body.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)].map(([, element, fields = '']) => {
    const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(fields)?.[1] ?? '';
    const kind = element === 'Version' ? 'version' : 'deleteMarker';
    const etag = kind === 'version' ? field('ETag').replaceAll(/&quot;|&#34;|"/g, '') : '';
    return { key: field('Key'), versionId: field('VersionId'), kind, isLatest: field('IsLatest') === 'true', etag };
  });
}
