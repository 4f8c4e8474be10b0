import { join } from 'node:path';
import { installOnce, type Report } from './install-cache.js';
import { digestModules } from './install-minio.js';
import { go, runTool } from './run-tool.js';

const version = 'v1.8.0';
/** Of the sorted lines `module version h1` of all that is linked in, as for MinIO. */
const modulesSha256 = 'a9f74ccf6c71d9deceb9bbc89492d8b4501e35d8fa1db0deb3844f0e403b34cc';

/** The path of `versitygw`, built when it is not yet there: about two minutes the first time. */
export async function installVersitygw(report: Report): Promise<string> {
  const folder = await installOnce(`versitygw-${version}-${modulesSha256.slice(0, 8)}`, report, async (target) => {
    report('versitygw: compiling, 2 minutes on two cores, once');
    await compile(target);
    report('versitygw: installed');
  });
  return join(folder, 'versitygw');
}

async function compile(target: string): Promise<void> {
  const flags = ['-trimpath', '-ldflags', '-s -w'];
  const env = { CGO_ENABLED: '0', GOBIN: target, GOFLAGS: '' };
  await runTool(go, ['install', ...flags, `github.com/versity/versitygw/cmd/versitygw@${version}`], { env });
  const digest = digestModules(await runTool(go, ['version', '-m', join(target, 'versitygw')]));
  if (digest !== modulesSha256) {
    throw new Error(`versitygw was built from other sources than pinned: digest ${digest}, expected ${modulesSha256}`);
  }
}
