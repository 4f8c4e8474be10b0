import { expect, it } from 'vitest';
import { readEntryOrder } from './entry-order.js';

it('reads how versions and delete markers are interleaved', () => {
  const body = `<?xml version="1.0"?><ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    <VersionIdMarker>x</VersionIdMarker>
    <Version><Key>a&lt;Version&gt;</Key><VersionId>1</VersionId><LastModified>2026-07-01T12:00:00.9996Z</LastModified></Version>
    <DeleteMarker ><LastModified>2026-07-01T12:00:01Z</LastModified><VersionId>2</VersionId></DeleteMarker>
    <Version><VersionId>3</VersionId></Version>
  </ListVersionsResult>`;
  expect(readEntryOrder(body)).toEqual([
    { kind: 'version', lastModified: '2026-07-01T12:00:00.9996Z' },
    { kind: 'deleteMarker', lastModified: '2026-07-01T12:00:01Z' },
    { kind: 'version', lastModified: undefined },
  ]);
});

it('finds nothing in an empty page', () => {
  expect(readEntryOrder('<ListVersionsResult><KeyMarker/></ListVersionsResult>')).toEqual([]);
});
