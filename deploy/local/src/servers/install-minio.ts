import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { installOnce, type Report } from './install-cache.js';
import { go, runTool } from './run-tool.js';

const version = 'v0.0.0-20260212201848-7aac2a2c5b7c';
/** Of the sorted lines `module version h1` of all that is linked in: Go's own hashes of every module's source. */
const modulesSha256 = '60e677314849439b08de09d28b0bdf6b73470f9dce291153ff439959c5f08145';
const stillCompilingEveryMs = 20_000;

/** The path of `minio`, built when it is not yet there: minutes the first time. */
export async function installMinio(report: Report): Promise<string> {
  const folder = await installOnce(`minio-${version}-${modulesSha256.slice(0, 8)}`, report, async (target) => {
    report('MinIO: compiling, 5 to 6 minutes on two cores, once');
    const startedAt = Date.now();
    const seconds = () => Math.round((Date.now() - startedAt) / 1000);
    const heartbeat = setInterval(() => report(`MinIO: still compiling, ${seconds()} s`), stillCompilingEveryMs);
    try {
      await compile(target);
    } finally {
      clearInterval(heartbeat);
    }
    report(`MinIO: installed in ${seconds()} s`);
  });
  return join(folder, 'minio');
}

async function compile(target: string): Promise<void> {
  const flags = ['-trimpath', '-ldflags', '-s -w'];
  const env = { CGO_ENABLED: '0', GOBIN: target, GOFLAGS: '' };
  await runTool(go, ['install', ...flags, `github.com/minio/minio@${version}`], { env });
  // Nothing of a module runs while it is compiled, so checking before the first start is early enough.
  const digest = digestModules(await runTool(go, ['version', '-m', join(target, 'minio')]));
  if (digest !== modulesSha256) {
    throw new Error(`minio was built from other sources than pinned: digest ${digest}, expected ${modulesSha256}`);
  }
}

/** One digest of what `go version -m` says about a binary's modules. */
export function digestModules(versionOutput: string): string {
  const modules: string[] = [];
  for (const line of versionOutput.split('\n')) {
    const [, kind, name, moduleVersion, sum] = line.split('\t');
    if (kind === 'mod' || kind === 'dep' || kind === '=>') modules.push(`${name} ${moduleVersion} ${sum ?? ''}`);
  }
  return createHash('sha256')
    .update(`${modules.sort().join('\n')}\n`)
    .digest('hex');
}
