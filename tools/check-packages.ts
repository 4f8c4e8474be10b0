import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Package {
  name: string;
  /** Relative to the workspace: "libs/kafka". */
  folder: string;
  /** Names of the packages of this workspace that it depends on. */
  dependencies: string[];
}

/** Every fault of the package graph, in words: circles, and services that depend on a service. The linter sees neither. */
export function findFaults(packages: Package[]): string[] {
  const services = new Set(packages.filter(isService).map(({ name }) => name));
  const faults: string[] = [];
  for (const { name, folder, dependencies } of packages) {
    for (const dependency of dependencies) {
      // deploy, tools and bench stand outside: they start services as processes and import none either.
      if (services.has(dependency)) faults.push(`${folder} depends on the service ${dependency}; no package may`);
      if (!known(packages, dependency)) faults.push(`${name} depends on ${dependency}: no such package`);
    }
  }
  const circle = findCircle(packages);
  if (circle !== null) faults.push(`Packages depend on each other in a circle: ${circle.join(' → ')}`);
  return faults;
}

/** The packages of a workspace, with what each says in its package.json. */
export function readPackages(root: string): Package[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { workspaces: string[] };
  return manifest.workspaces
    .flatMap((pattern) => foldersOf(root, pattern))
    .flatMap((folder) => readPackage(root, folder));
}

function isService({ folder }: Package): boolean {
  return folder.startsWith('services/');
}

function known(packages: Package[], name: string): boolean {
  return packages.some((candidate) => candidate.name === name);
}

/** The first circle, its first package repeated at its end; null when there is none. */
function findCircle(packages: Package[]): string[] | null {
  const byName = new Map(packages.map((each) => [each.name, each]));
  const done = new Set<string>();
  const visit = (name: string, path: string[]): string[] | null => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return null;
    for (const dependency of byName.get(name)?.dependencies ?? []) {
      const circle = visit(dependency, [...path, name]);
      if (circle !== null) return circle;
    }
    done.add(name);
    return null;
  };
  for (const { name } of packages) {
    const circle = visit(name, []);
    if (circle !== null) return circle;
  }
  return null;
}

function foldersOf(root: string, pattern: string): string[] {
  if (!pattern.endsWith('/*')) return [pattern];
  const top = dirname(pattern);
  return readdirSync(join(root, top), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${top}/${entry.name}`);
}

function readPackage(root: string, folder: string): Package[] {
  let text: string;
  try {
    text = readFileSync(join(root, folder, 'package.json'), 'utf8');
  } catch {
    return []; // a folder that is no package, or not yet one
  }
  const manifest = JSON.parse(text) as { name: string; [section: string]: unknown };
  const sections = ['dependencies', 'devDependencies', 'peerDependencies'].map((section) => manifest[section] ?? {});
  const dependencies = sections
    .flatMap((section) => Object.keys(section))
    .filter((name) => name.startsWith('@mirror/'));
  return [{ name: manifest.name, folder, dependencies }];
}

if (import.meta.main) {
  const faults = findFaults(readPackages(join(import.meta.dirname, '..')));
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
