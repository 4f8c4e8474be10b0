/**
 * How real endpoints differ from S3's documentation, each seen on a running server. A personality is a set of these; the
 * contract suite checks each both ways: an endpoint that declares one shows it, one that does not behaves as S3 does.
 */
export const quirks = {
  fullPageSaysTruncated: 'A full page says that more follows though nothing does; the page after it has no entry.',
  versionMarkerEchoedDecoded:
    'The VersionIdMarker of the answer is the internal form of the id, no marker to send back.',
  maxKeysEchoed: 'MaxKeys above 1,000 gives 1,000 and is echoed as asked.',
  bogusVersionMarkerSkipsKey: 'A VersionIdMarker that is no version id is accepted and skips the rest of its key.',
  astralKeysDoubled: 'Keys beyond U+FFFF beside keys in U+E000 to U+FFFF come twice, before and after these.',
  astralKeysMissing: 'Keys beyond U+FFFF beside keys in U+E000 to U+FFFF are listed only where a prefix is asked for.',
  utf16Order: 'Keys are ordered by UTF-16 units and not by UTF-8 bytes.',
  deleteMarkerHasContent: 'A DeleteMarker carries ETag, Size and StorageClass.',
  trailingChecksumRefused: 'A body with a trailing checksum is refused with 400.',
  deleteObjectsNeedsMd5: 'DeleteObjects without Content-MD5 is refused with 400 BadDigest.',
  keysLimited: 'Keys above 915 bytes are refused with 400 KeyTooLong, control characters with 400 InvalidInput.',
  opaqueKeyMarker: 'NextKeyMarker carries a cache’s state behind the key.',
  folderMarkerLosesKeys:
    'After a key of a folder `a/`, keys before it that begin with `a` count for the page. Behind many of them it lacks keys: a ' +
    'complete-looking answer of less, or a truncated one that goes on after the folder. Not after a marker of its own.',
  deletedVersionMarkerRelistsKey: 'After the version of VersionIdMarker was deleted, its key is listed from its start.',
  versionMarkerAloneRefused: 'VersionIdMarker without KeyMarker answers 501.',
  pathLikeKeysRefused: 'Keys with empty segments, `.` and `..` are refused with 400.',
  noMarkerForMissingKey: 'DELETE of a key that never existed makes no delete marker.',
  latestRepeatedAfterPage:
    'A page that ends on a key’s latest version is followed by it again; pages of one never advance.',
  keyMarkerReemitted: 'KeyMarker alone lists that very key again.',
  deletedVersionMarkerEndsListing:
    'After the version of VersionIdMarker was deleted: a complete-looking answer of nothing but older null versions.',
  nullVersionMarkerEndsListing:
    'After the VersionIdMarker `null`: a complete-looking answer of nothing but null versions.',
  deleteMarkersListedApart: 'A page’s delete markers come before all of its versions.',
  wholeSeconds: 'LastModified of a version has no fraction of a second (that of a delete marker has).',
  encodingTypeIgnored: 'EncodingType is ignored; what XML can’t hold becomes U+FFFD.',
} as const;

export type Quirk = keyof typeof quirks;

const s3Connector: readonly Quirk[] = [
  'fullPageSaysTruncated',
  'versionMarkerEchoedDecoded',
  'maxKeysEchoed',
  'bogusVersionMarkerSkipsKey',
  'deleteMarkerHasContent',
  'trailingChecksumRefused',
  'deleteObjectsNeedsMd5',
  'keysLimited',
];

export const personalities = {
  /** As S3 documents it. */
  plain: [],
  s3Connector,
  s3ConnectorDoubling: [...s3Connector, 'astralKeysDoubled'],
  s3ConnectorOmitting: [...s3Connector, 'astralKeysMissing'],
  s3ConnectorUtf16: [...s3Connector, 'utf16Order'],
  minio: [
    'maxKeysEchoed',
    'opaqueKeyMarker',
    'folderMarkerLosesKeys',
    'deletedVersionMarkerRelistsKey',
    'versionMarkerAloneRefused',
    'pathLikeKeysRefused',
    'noMarkerForMissingKey',
  ],
  versitygw: [
    'fullPageSaysTruncated',
    'latestRepeatedAfterPage',
    'keyMarkerReemitted',
    'deletedVersionMarkerEndsListing',
    'nullVersionMarkerEndsListing',
    'deleteMarkersListedApart',
    'noMarkerForMissingKey',
    'wholeSeconds',
    'encodingTypeIgnored',
  ],
} as const satisfies Record<string, readonly Quirk[]>;

/** A named set, or one's own. */
export type Personality = keyof typeof personalities | readonly Quirk[];

export function quirksOf(personality: Personality): ReadonlySet<Quirk> {
  return new Set<Quirk>(typeof personality === 'string' ? personalities[personality] : personality);
}
