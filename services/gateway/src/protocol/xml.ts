const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A value that is written as text. */
export type XmlText = string | number | boolean;

/**
 * What XML 1.0 has no form for (control characters, U+FFFE, U+FFFF) goes out as a character reference, as S3 does it:
 * parsers refuse it, and `encoding-type=url` is what a client asks for then. A carriage return would be read as a newline.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const SPECIAL = /[&<>"\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff]/g;
const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeXml(text: string): string {
  return text.replace(SPECIAL, (character) => {
    return NAMED[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
  });
}

/** An element with text. */
export function tag(name: string, text: XmlText): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`;
}

/** An element with elements. */
export function group(name: string, ...children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

/** A whole document in S3's namespace. */
export function xmlDocument(root: string, ...children: readonly string[]): string {
  return `${DECLARATION}<${root} xmlns="${NAMESPACE}">${children.join('')}</${root}>`;
}

/** S3's error documents have no namespace. */
export function errorDocument(elements: Readonly<Record<string, XmlText>>): string {
  return DECLARATION + group('Error', ...Object.entries(elements).map(([name, value]) => tag(name, value)));
}
