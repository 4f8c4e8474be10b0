import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { freePort, ServerProcess } from '@mirror/local';
import { installOnce } from '../../../deploy/local/src/servers/install-cache.js';
import { digestModules } from '../../../deploy/local/src/servers/install-minio.js';
import { go, runTool } from '../../../deploy/local/src/servers/run-tool.js';

/** A second kind of endpoint, with users and bucket policies, and some quirks of its own. */
export interface RunningVersitygw {
  readonly endpoint: string;
  readonly region: string;
  readonly owner: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** With the owner's keys. */
  readonly s3: S3Client;
  createUser(accessKeyId: string, secretAccessKey: string): Promise<void>;
  /** Its data goes with it. */
  stop(): Promise<void>;
}

/** For the first time on a machine, when it is compiled beside everything else. */
export const installTimeoutMs = 1_200_000;

const version = 'v1.8.0';
/** Of all modules that are linked in, as for MinIO. */
const modulesSha256 = 'a9f74ccf6c71d9deceb9bbc89492d8b4501e35d8fa1db0deb3844f0e403b34cc';
const owner = { accessKeyId: 'owner', secretAccessKey: 'owner-secret' };

export async function startVersitygw(): Promise<RunningVersitygw> {
  const command = await install();
  const folder = mkdtempSync(join(tmpdir(), 'mirror-versitygw-'));
  const [iam, versions, data] = ['iam', 'versions', 'data'].map((name) => join(folder, name));
  for (const path of [iam, versions, data]) mkdirSync(path ?? '');
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const settings = ['-q', '--keep-alive', '--port', `127.0.0.1:${port}`, '--iam-dir', `${iam}`, '--health', '/health'];
  const server = new ServerProcess({
    name: 'versitygw',
    port,
    command,
    args: [...settings, 'posix', '--versioning-dir', `${versions}`, `${data}`],
    env: { ROOT_ACCESS_KEY: owner.accessKeyId, ROOT_SECRET_KEY: owner.secretAccessKey },
    logFile: join(folder, 'versitygw.log'),
    isReady: async () => (await fetch(`${endpoint}/health`)).ok,
  });
  await server.start();
  const s3 = new S3Client({ endpoint, region: 'us-east-1', credentials: owner, forcePathStyle: true });
  const access = ['-a', owner.accessKeyId, '-s', owner.secretAccessKey, '-er', endpoint];
  return {
    endpoint,
    region: 'us-east-1',
    owner,
    s3,
    createUser: async (id, secret) => {
      const user = ['create-user', '-a', id, '-s', secret, '-r', 'user'];
      await runTool({ command, install: '' }, ['admin', ...access, ...user]);
    },
    stop: async () => {
      s3.destroy();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function install(): Promise<string> {
  const name = `versitygw-${version}-${modulesSha256.slice(0, 8)}`;
  return join(await installOnce(name, report, build), 'versitygw');
}

async function build(target: string): Promise<void> {
  report('versitygw: compiling, 2 minutes on two cores, once');
  const flags = ['-trimpath', '-ldflags', '-s -w'];
  const env = { CGO_ENABLED: '0', GOBIN: target, GOFLAGS: '' };
  await runTool(go, ['install', ...flags, `github.com/versity/versitygw/cmd/versitygw@${version}`], { env });
  const digest = digestModules(await runTool(go, ['version', '-m', join(target, 'versitygw')]));
  if (digest !== modulesSha256) throw new Error(`versitygw was built from other sources than pinned: ${digest}`);
}

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}
