interface Problem {
  detail: string;
  hint?: string;
  checks?: Array<{ name: string; ok: boolean | null; detail: string; hint: string }>;
}

/** A refusal of the REST API for a person: what was wrong and how to mend it, each failed prerequisite by itself. */
export function sayProblem(call: string, status: number, text: string): string {
  const problem = readProblem(text);
  if (problem === null) return `${call} answered ${status}: ${text}`;
  const failed = problem.checks?.filter(({ ok }) => ok === false) ?? [];
  if (failed.length === 0) return withHint(problem.detail, problem.hint);
  const lines = failed.map(({ name, detail, hint }) => `  ${name}: ${withHint(detail, hint)}`);
  return ['These prerequisites are not met:', ...lines].join('\n');
}

function readProblem(text: string): Problem | null {
  try {
    const problem = JSON.parse(text) as Partial<Problem> | null;
    return typeof problem?.detail === 'string' ? (problem as Problem) : null;
  } catch {
    return null; // somebody else's answer
  }
}

const withHint = (detail: string, hint?: string): string => (hint ? `${detail}\n    ${hint}` : detail);
