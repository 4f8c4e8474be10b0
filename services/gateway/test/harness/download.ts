import { createHash } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';

/** A client that reads as slowly as its test wants: it has the head of the answer, and not yet a byte of its body. */
export class Download {
  private constructor(readonly response: IncomingMessage) {}

  static begin(url: string): Promise<Download> {
    return new Promise((resolve, reject) => {
      get(url, { agent: false }, (response) => resolve(new Download(response))).on('error', reject);
    });
  }

  /** Reads to the end. Rejects when the answer ends before what its head promised. */
  async finish(): Promise<{ bytes: number; sha256: string }> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of this.response) {
      bytes += chunk.length;
      hash.update(chunk);
    }
    return { bytes, sha256: hash.digest('hex') };
  }

  leave(): void {
    this.response.destroy();
  }
}
