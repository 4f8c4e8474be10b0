import { listObjectVersions, type VersionEntry } from '@mirror/namespace';
import { invalidArgument } from '../protocol/errors.js';
import { echo, readListParameters, readVersionId } from '../protocol/list-parameters.js';
import { ownerElement } from '../protocol/owner.js';
import { queryValue } from '../protocol/s3-request.js';
import { xmlResponse } from '../protocol/s3-response.js';
import { group, tag } from '../protocol/xml.js';
import { bucketOf } from './access.js';
import { commonPrefixes, listedFacts, storageClassOf } from './list-objects.js';
import type { Operation } from './operation.js';

/** Versions and delete markers in one sequence, as S3 answers them. Its document is called ListVersionsResult. */
export const listVersions: Operation = async (call, sources) => {
  const { request } = call;
  const parameters = readListParameters(request);
  const { prefix, delimiter, maxKeys, encode } = parameters;
  const keyMarker = queryValue(request, 'key-marker') ?? '';
  const versionIdMarker = readVersionId(request, 'version-id-marker');
  if (versionIdMarker !== undefined && keyMarker === '') {
    const message = 'A version-id marker cannot be specified without a key marker.';
    throw invalidArgument(message, 'version-id-marker', versionIdMarker);
  }
  const { mirrorId } = bucketOf(call, sources);
  const { entries, isTruncated } = await listObjectVersions(sources.namespace.versions(mirrorId), {
    prefix,
    delimiter,
    after: keyMarker,
    afterVersionId: versionIdMarker ?? null,
    limit: maxKeys,
  });
  return xmlResponse(
    'ListVersionsResult',
    tag('Name', request.bucket),
    ...echo(parameters),
    tag('KeyMarker', encode(keyMarker)),
    tag('VersionIdMarker', versionIdMarker ?? ''),
    ...(isTruncated ? nextMarkers(entries.at(-1), encode) : []),
    tag('IsTruncated', isTruncated),
    ...entries.flatMap((entry) => (entry.kind === 'version' ? [versionElement(entry, encode)] : [])),
    ...commonPrefixes(entries, encode),
  );
};

/** After a common prefix there is no version to go on after. */
function nextMarkers(last: VersionEntry | undefined, encode: (name: string) => string): string[] {
  if (last === undefined) return [];
  const keyMarker = tag('NextKeyMarker', encode(last.name));
  return last.kind === 'prefix' ? [keyMarker] : [keyMarker, tag('NextVersionIdMarker', last.version._id.v)];
}

type Version = Extract<VersionEntry, { kind: 'version' }>;

function versionElement({ version, isLatest }: Version, encode: (name: string) => string): string {
  const identity = [
    tag('Key', encode(version._id.k)),
    tag('VersionId', version._id.v),
    tag('IsLatest', isLatest),
  ] as const;
  if (version.kind === 'deleteMarker') {
    return group('DeleteMarker', ...identity, tag('LastModified', version.lastModified.toISOString()), ownerElement());
  }
  return group(
    'Version',
    ...identity,
    ...listedFacts(version),
    ownerElement(),
    tag('StorageClass', storageClassOf(version)),
  );
}
