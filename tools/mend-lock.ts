import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockEntry {
  version?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

/** The part of a package-lock.json that is read here. */
export interface Lock {
  packages: Record<string, LockEntry>;
}

const systems = ['android', 'darwin', 'freebsd', 'linux', 'win32'];
const processors = ['x64', 'arm64', 'arm'];
const libcs: Record<string, string> = {
  gnu: 'glibc',
  musl: 'musl',
  gnueabihf: 'glibc',
};

/**
 * Adds the optional platform packages that npm left out because the registry it asked has no copy of them, and answers their
 * names. `npm ci` refuses a lock file without them, though it installs none that is not for its own platform. What an
 * entry is for is read from the package's name: `@nx/nx-linux-x64-musl`.
 */
export function mendLock(lock: Lock): string[] {
  const added: string[] = [];
  for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const path = `node_modules/${name}`;
      const platform = platformOf(name);
      if (lock.packages[path] !== undefined || platform === null) continue;
      lock.packages[path] = { version, optional: true, ...platform };
      added.push(name);
    }
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
  return added;
}

/** Null for a name that tells no platform: such an entry could not be skipped, and is better missed. */
function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> | null {
  const parts = name.split(/[/-]/);
  const os = parts.find((part) => systems.includes(part));
  const cpu = parts.find((part) => processors.includes(part));
  const libc = parts.map((part) => libcs[part]).find((found) => found !== undefined);
  return os === undefined || cpu === undefined ? null : { cpu: [cpu], ...(libc && { libc: [libc] }), os: [os] };
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '..', 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock;
  const added = mendLock(lock);
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(added.length === 0 ? 'Nothing was missing' : `Added:\n  ${added.join('\n  ')}`);
}
