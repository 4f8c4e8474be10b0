import { readFileSync } from 'node:fs';

const everyMs = 500;

/**
 * Calls back once when npm has gone away without a word (kill -9, a closed terminal). npm starts scripts through a shell,
 * which may stay between the two and outlive npm, so the shell's parent is watched, too. Started by hand, without npm,
 * nothing is watched: such a process may well outlive its parent. Answers a function that ends the watch.
 */
export function whenParentIsGone(callback) {
  if (process.env.npm_lifecycle_event === undefined) return () => {};
  const parent = process.ppid;
  const grandparent = isShell(parent) ? parentOf(parent) : null;
  const timer = setInterval(() => {
    const gone = process.ppid !== parent || (grandparent !== null && parentOf(parent) !== grandparent);
    if (!gone) return;
    clearInterval(timer);
    callback();
  }, everyMs);
  return () => clearInterval(timer);
}

function isShell(pid) {
  return /^(sh|dash|bash|busybox|ash|zsh)$/.test(readProc(pid, 'comm').trim());
}

/** The fourth field of proc(5)'s stat; the second one, in brackets, may hold blanks. */
function parentOf(pid) {
  const stat = readProc(pid, 'stat');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
