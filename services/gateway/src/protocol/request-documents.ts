import { XmlFault, XmlScanner } from '@mirror/connector';
import { invalidArgument, S3Error } from './errors.js';
import { isVersionId } from './list-parameters.js';

/** Readers of the XML that requests carry. What does not parse, or lacks what it must have, is MalformedXML. */

export interface ObjectToDelete {
  readonly key: string;
  readonly versionId: string | undefined;
  /** As it was sent, in quotes or not: the delete is conditional on it. */
  readonly etag: string | undefined;
}

const MAX_OBJECTS = 1_000;
const MAX_PARTS = 10_000;

export function parseDelete(xml: string): { readonly quiet: boolean; readonly objects: readonly ObjectToDelete[] } {
  const objects: ObjectToDelete[] = [];
  let quiet = false;
  read(xml, 'Delete', (scanner, name) => {
    if (name === 'Object') objects.push(objectToDelete(fields(scanner, name)));
    else if (name === 'Quiet') quiet = scanner.text(name).trim() === 'true';
    else scanner.skip(name);
    if (objects.length > MAX_OBJECTS) scanner.fail(`more than ${MAX_OBJECTS} objects`);
  });
  if (objects.length === 0) throw new S3Error('MalformedXML');
  return { quiet, objects };
}

function objectToDelete(found: ReadonlyMap<string, string>): ObjectToDelete {
  const key = found.get('Key') ?? '';
  const versionId = found.get('VersionId') || undefined;
  if (key === '') throw new S3Error('MalformedXML');
  if (versionId !== undefined && !isVersionId(versionId)) {
    throw invalidArgument('Invalid version id specified', 'VersionId', versionId);
  }
  return { key, versionId, etag: found.get('ETag') };
}

export interface CompletedPart {
  readonly number: number;
  /** Without quotes. */
  readonly etag: string;
  /** By name as it was sent: ChecksumCRC32, … */
  readonly checksums: ReadonlyMap<string, string>;
}

export function parseCompletion(xml: string): readonly CompletedPart[] {
  const parts: CompletedPart[] = [];
  read(xml, 'CompleteMultipartUpload', (scanner, name) => {
    if (name === 'Part') parts.push(completedPart(fields(scanner, name)));
    else scanner.skip(name);
    if (parts.length > MAX_PARTS) scanner.fail(`more than ${MAX_PARTS} parts`);
  });
  if (parts.length === 0) throw new S3Error('MalformedXML');
  return parts;
}

function completedPart(found: ReadonlyMap<string, string>): CompletedPart {
  const number = /^\d{1,5}$/.test(found.get('PartNumber') ?? '') ? Number(found.get('PartNumber')) : 0;
  const etag = found.get('ETag')?.trim().replaceAll('"', '');
  if (number < 1 || number > MAX_PARTS || etag === undefined) throw new S3Error('MalformedXML');
  return { number, etag, checksums: new Map([...found].filter(([name]) => name.startsWith('Checksum'))) };
}

/** Pairs in their order; their limits are checked elsewhere. */
export function parseTagging(xml: string): Array<readonly [name: string, value: string]> {
  const tags: Array<readonly [string, string]> = [];
  let sets = 0;
  read(xml, 'Tagging', (scanner, name) => {
    if (name !== 'TagSet') return scanner.skip(name);
    sets += 1;
    scanner.children(name, (child) => {
      const found = child === 'Tag' ? fields(scanner, child) : scanner.fail(`<${child}> in a TagSet`);
      tags.push([required(found, 'Key'), required(found, 'Value')]);
    });
  });
  if (sets !== 1) throw new S3Error('MalformedXML');
  return tags;
}

/** Undefined: none is asked for. */
export function parseLocationConstraint(xml: string): string | undefined {
  if (xml.trim() === '') return undefined;
  const found = new Map<string, string>();
  read(xml, 'CreateBucketConfiguration', (scanner, name) => {
    if (name === 'LocationConstraint') found.set(name, scanner.text(name).trim());
    else scanner.skip(name);
  });
  return found.get('LocationConstraint') || undefined;
}

export function parseVersioning(xml: string): {
  readonly status: string | undefined;
  readonly mfaDelete: string | undefined;
} {
  const found = new Map<string, string>();
  read(xml, 'VersioningConfiguration', (scanner, name) => {
    if (name === 'Status' || name === 'MfaDelete') found.set(name, scanner.text(name).trim());
    else scanner.skip(name);
  });
  return { status: found.get('Status'), mfaDelete: found.get('MfaDelete') };
}

/** `visit` takes each child of the root, opened, and leaves it closed. */
function read(xml: string, root: string, visit: (scanner: XmlScanner, name: string) => void): void {
  try {
    const scanner = new XmlScanner(xml);
    scanner.prolog();
    if (scanner.open() !== root) scanner.fail(`<${root}> was expected`);
    scanner.children(root, (name) => visit(scanner, name));
    scanner.end();
  } catch (error) {
    if (error instanceof XmlFault) throw new S3Error('MalformedXML', { cause: error });
    throw error;
  }
}

/** The texts inside an element by their names; of several of a name the first. Elements deeper down are no texts. */
function fields(scanner: XmlScanner, name: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  scanner.children(name, (child) => {
    const text = scanner.text(child);
    if (!found.has(child)) found.set(child, text);
  });
  return found;
}

function required(found: ReadonlyMap<string, string>, name: string): string {
  const value = found.get(name);
  if (value === undefined) throw new S3Error('MalformedXML');
  return value;
}
