/** S3 Connector's form: 72 hex characters of a text that begins with a falling number, so that newer ids sort first. */
const largest = 10 ** 14 - 1;
const rest = '999999RG001  12817.847'; // with the 14 digits before it: 36 characters
const form = /^[0-9a-f]{72}$/;

export function versionIdOf(sequence: number): string {
  return Buffer.from(`${String(largest - sequence).padStart(14, '0')}${rest}`, 'latin1').toString('hex');
}

/** Undefined for what is no version id of this form; `null` is one without a number. */
export function sequenceOf(versionId: string): number | undefined {
  return form.test(versionId) ? largest - Number(decodedVersionId(versionId).slice(0, 14)) : undefined;
}

export const isVersionId = (text: string): boolean => text === 'null' || form.test(text);

/** What is inside of an id. */
export function decodedVersionId(versionId: string): string {
  return form.test(versionId) ? Buffer.from(versionId, 'hex').toString('latin1') : versionId;
}
