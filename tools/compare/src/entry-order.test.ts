import { expect, it } from 'vitest';
import { readEntryOrder } from './entry-order.js';

it('reads how versions and delete markers are interleaved', () => {
  const body = `<?xml version="1.0"?><ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    <VersionIdMarker>x</VersionIdMarker>
    <Version><Key>a&lt;Version&gt;</Key><VersionId>1</VersionId></Version>
    <DeleteMarker ><VersionId>2</VersionId></DeleteMarker><Version><VersionId>3</VersionId></Version>
  </ListVersionsResult>`;
  expect(readEntryOrder(body)).toEqual(['version', 'deleteMarker', 'version']);
});

it('finds nothing in an empty page', () => {
  expect(readEntryOrder('<ListVersionsResult><KeyMarker/></ListVersionsResult>')).toEqual([]);
});
